"""A route of administration or of OIP as data, and how FastAPI takes it: documented, and with nothing of its own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI
from pydantic import BaseModel

from polyparse.errors import PolyparseError
from service.api.admin.endpoint import AdminContext, AdminEndpoint, AdminHandler
from service.api.direct_route import DirectRoute
from service.api.problems import documented
from service.errors import PROBLEMS

Parameter = Mapping[str, Any]
BODY = frozenset(
    {
        *("missing_field", "unknown_field", "wrong_type", "invalid_value", "invalid_utf8", "invalid_json"),
        *("invalid_content_encoding", "body_timeout", "body_too_large", "unsupported_media_type"),
    }
)
"""The codes of whatever is wrong with a body."""
READ = frozenset({"answer_timeout", "queue_full", "internal_error"})
EDIT = READ | {
    *("invalid_header", "read_only", "state_invalid", "state_changed", "state_locked", "version_refused")
}


class DocumentedRoute(NamedTuple):
    """`codes` are those of the problems that it can answer, beside those of its body and of its gate."""

    method: str
    path: str
    handler: AdminHandler
    summary: str
    response: type[BaseModel]
    codes: Iterable[str]
    request: type[BaseModel] | None = None
    example: Any = None
    parameters: Sequence[Parameter] = ()
    members: Callable[[PolyparseError], Mapping[str, Any]] = lambda _: {}


def add(app: FastAPI, routes: Iterable[DocumentedRoute], context: AdminContext) -> None:
    """Add the routes."""
    for route in routes:
        extra: dict[str, Any] = {"parameters": route.parameters}
        codes = set(route.codes)
        if route.request is not None:
            codes |= BODY
            content = {"schema": route.request.model_json_schema(), "example": route.example or {}}
            extra["requestBody"] = {"content": {"application/json": content}}
        if context.gate is not None:
            codes.add("unauthorised")
        app.router.add_api_route(
            route.path,
            AdminEndpoint(route.handler, context, route.members),
            methods=[route.method],
            operation_id=_operation(route),
            summary=route.summary,
            response_model=route.response,
            responses=documented(code for code in PROBLEMS if code in codes),
            openapi_extra=extra,
            route_class_override=DirectRoute,
        )


def header(name: str, description: str, *, required: bool = False) -> Parameter:
    """A header that a route reads."""
    place = {"name": name, "in": "header", "required": required}
    return {**place, "description": description, "schema": {"type": "string"}}


def in_path(name: str, description: str) -> Parameter:
    """A part of a path that varies."""
    place = {"name": name, "in": "path", "required": True}
    return {**place, "description": description, "schema": {"type": "string"}}


def _operation(route: DocumentedRoute) -> str:
    words = route.path.replace("{", "").replace("}", "").strip("/").replace("/", "_")
    return f"{route.method.lower()}_{words}"
