"""The routes: fast ones in a table, and GET /metrics.

A fast route is answered before FastAPI's middleware, whose layers cost more than the route; FastAPI documents it, but
neither parses its body nor serialises its answer. To add one: a file with its handler, and a row here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics import exposition as openmetrics
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from polyparse.errors import InputError
from service.api import schemas
from service.api.direct_route import DirectRoute
from service.api.endpoint import Endpoint, Handler
from service.api.headers import MAX_DEADLINE_MS, SANE_ID
from service.api.parse import parse_handler
from service.api.parse_batch import parse_batch_handler
from service.api.problems import CODES, documented
from service.errors import ADMINISTRATION, PROBLEMS
from service.parsing import ParseService
from service.settings import Settings


class FastRoute(NamedTuple):
    """A route of POST and its documentation; `name` is its label in metrics. `requests` are examples by name.

    `most_tokens` is what a body may count as until its text is known: the items of a batch are admitted one by one.
    """

    path: str
    name: str
    most_tokens: int
    handler: Callable[[ParseService, Settings], Handler]
    summary: str
    description: str
    request: type[BaseModel]
    requests: Mapping[str, Any]
    response: type[BaseModel]
    example: Any
    parameters: Sequence[Mapping[str, Any]]
    codes: Set[str]


def _header(name: str, description: str, **schema: Any) -> Mapping[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema}


ID = _header(
    "X-Request-Id", "Comes back with the answer", type="string", pattern=f"^{SANE_ID.pattern.decode()}$"
)
DEADLINE = _header(
    "X-Deadline-Ms", "Time from arrival to answer", type="integer", minimum=1, maximum=MAX_DEADLINE_MS
)
VERSION = _header("X-Model-Version", "The version that shall answer, if it is loaded", type="string")
CANARY = _header(
    "X-Canary-Key",
    "Whose requests these are, such as a user or a dialogue: while a canary is tried, equal keys get the same version; "
    "without one each request is drawn anew",
    type="string",
)
TIMING = _header("X-Server-Timing", "1 asks for Server-Timing: the time by stage", type="string")
ROUTE_CODES = PROBLEMS.keys() - CODES.values() - ADMINISTRATION - {"not_live"}
ITEM_CODES = {leaf.code for leaf in InputError.__subclasses__()} | {
    *("invalid_value", "queue_full", "model_run_failed", "answer_timeout", "shutting_down")
}
"""Problems that only an item of a batch can have, and never the whole."""

FAST_ROUTES = (
    FastRoute(
        path="/parse",
        name="parse",
        most_tokens=16,
        handler=parse_handler,
        summary="Parse one utterance into a frame",
        description="Domain, intent and slots with their probabilities, in up to ten hypotheses.",
        request=schemas.ParseRequest,
        requests=schemas.REQUESTS,
        response=schemas.ParseResponse,
        example=schemas.RESPONSE,
        parameters=(ID, DEADLINE, VERSION, CANARY, TIMING),
        codes=ROUTE_CODES - {"batch_too_large"},
    ),
    FastRoute(
        path="/parse/batch",
        name="parse_batch",
        most_tokens=0,
        handler=parse_batch_handler,
        summary="Parse several utterances",
        description="Each item is answered as POST /parse would answer it, by a frame or a problem, in their order.",
        request=schemas.BatchRequest,
        requests=schemas.BATCH_REQUEST,
        response=schemas.BatchResponse,
        example=schemas.BATCH_RESPONSE,
        parameters=(ID, DEADLINE, VERSION, CANARY),
        codes=ROUTE_CODES - ITEM_CODES,
    ),
)


class Exposition(NamedTuple):
    """Gives the metrics in Prometheus' text format, and as OpenMetrics, which has exemplars."""

    text: Callable[[], Awaitable[bytes]]
    openmetrics: Callable[[], Awaitable[bytes]]


OPENMETRICS = "application/openmetrics-text"
BODY_DESCRIPTION = "In UTF-8; compressed where Content-Encoding says gzip or deflate."


class FastPath:
    """Takes what the table names straight to its endpoint, and all else through FastAPI."""

    def __init__(self, endpoints: Mapping[str, Endpoint], app: ASGIApp) -> None:
        """`endpoints` by path, all of POST."""
        self._endpoints = endpoints
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] == "http" and scope["method"] == "POST":
            endpoint = self._endpoints.get(scope["path"])
            if endpoint is not None:
                response = await endpoint(Request(scope, receive, send))
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def install_metrics(app: FastAPI, exposition: Exposition) -> None:
    """Add GET /metrics."""

    @app.get("/metrics", response_class=PlainTextResponse, summary="Metrics for Prometheus")
    async def scrape(request: Request) -> Response:
        if OPENMETRICS in request.headers.get("accept", ""):
            return Response(await exposition.openmetrics(), media_type=openmetrics.CONTENT_TYPE_LATEST)
        return Response(await exposition.text(), media_type=CONTENT_TYPE_LATEST)


def install(app: FastAPI, endpoints: Mapping[str, Endpoint], exposition: Exposition) -> None:
    """Add all routes, documented."""
    install_metrics(app, exposition)
    for route in FAST_ROUTES:
        examples = {name: {"value": body} for name, body in route.requests.items()}
        content = {"application/json": {"schema": route.request.model_json_schema(), "examples": examples}}
        body = {"required": True, "description": BODY_DESCRIPTION, "content": content}
        answered = {
            "description": route.response.__doc__ or "",
            "content": {"application/json": {"example": route.example}},
        }
        app.router.add_api_route(
            route.path,
            endpoints[route.path],
            methods=["POST"],
            operation_id=route.name,
            summary=route.summary,
            description=route.description,
            response_model=route.response,
            responses={200: answered, **documented(code for code in PROBLEMS if code in route.codes)},
            openapi_extra={"parameters": route.parameters, "requestBody": body},
            route_class_override=DirectRoute,
        )
