"""Problem documents (RFC 9457): every refusal looks the same, and its `code` comes from the table in service/errors.py."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from polyparse.concealed import concealed
from polyparse.errors import InputError, PolyparseError, UnknownLocale
from service.api.headers import read_headers
from service.api.schemas import ProblemDocument
from service.errors import PROBLEMS, FieldError, QueueFull, Unauthorised

MEDIA_TYPE = "application/problem+json"

CHALLENGE = 'Bearer realm="polyparse"'

CODES = {404: "not_found", 405: "method_not_allowed"}
"""Status of an error that the router raises -> code."""


def document(code: str, detail: str, request_id: str) -> dict[str, Any]:
    """Return the members that every problem document has; what looks like a secret in the detail is masked."""
    status, title = PROBLEMS[code]
    return {
        "type": f"urn:polyparse:problem:{code}",
        "title": title,
        "status": status,
        "detail": concealed(detail),
        "code": code,
        "request_id": request_id,
    }


def document_of(error: PolyparseError, request_id: str, *, place: str = "") -> dict[str, Any]:
    """Return the problem document of an error; `place` is the JSON pointer of the item of a batch that it is about."""
    members = document(error.code, str(error), request_id)
    if isinstance(error, FieldError):
        members["errors"] = [fault._asdict() for fault in error.faults]
    elif place and isinstance(error, InputError):
        field = "locale" if isinstance(error, UnknownLocale) else "text"
        members["errors"] = [{"pointer": f"{place}/{field}", "detail": str(error)}]
    if place and isinstance(error, QueueFull):
        members["retry_after_s"] = error.retry_after_s
    return members


def problem(code: str, detail: str, request_id: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as a response."""
    return _response(document(code, detail, request_id), headers or {})


def problem_of(error: PolyparseError, request_id: str, members: Mapping[str, Any] | None = None) -> Response:
    """Return the problem of an error as a response; `members` are more of the document's (RFC 9457, 3.2)."""
    headers = {}
    if isinstance(error, Unauthorised):
        headers["www-authenticate"] = CHALLENGE
    if isinstance(error, QueueFull):
        headers["retry-after"] = str(error.retry_after_s)
    if error.code == "body_too_large":
        headers["connection"] = "close"  # What was not read must not be taken for the next request.
    return _response(document_of(error, request_id) | dict(members or {}), headers)


def on_the_wire(error: PolyparseError, request_id: str) -> bytes:
    """Return the problem of an error as a whole HTTP/1.1 response, the last one on its connection."""
    response = problem_of(error, request_id)
    headers = [
        *response.raw_headers,
        *([] if "connection" in response.headers else [(b"connection", b"close")]),
    ]
    lines = [b"HTTP/1.1 %d %b" % (response.status_code, HTTPStatus(response.status_code).phrase.encode())]
    lines += [b"%b: %b" % header for header in headers]
    return b"\r\n".join([*lines, b"", response.body])


def _response(members: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """A problem response; `detail` may quote what a caller sent, so all but ASCII is escaped."""
    return Response(
        json.dumps(members),
        members["status"],
        headers={"x-request-id": members["request_id"], **headers},
        media_type=MEDIA_TYPE,
    )


def documented(codes: Iterable[str]) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's responses for these codes: one for each status, with an example for each code."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status, title = PROBLEMS[code]
        response = responses.setdefault(status, {"description": HTTPStatus(status).phrase, "content": {}})
        content = response["content"].setdefault(
            MEDIA_TYPE, {"schema": ProblemDocument.model_json_schema(), "examples": {}}
        )
        content["examples"][code] = {"summary": title, "value": document(code, title, "id")}
    return responses


def install(app: FastAPI, ids: Iterator[str], counted: Callable[[str], None]) -> None:
    """Answer the router's errors and unexpected exceptions with problem documents; `counted` is told their codes."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else.
        code = CODES.get(error.status_code, "internal_error")
        counted(code)
        detail = f"found {request.method} {request.scope['path']}, expected one of the paths and methods of /openapi.json"
        headers = dict(error.headers or {})
        if headers.get("Allow") == "GET":
            headers["Allow"] = "GET, HEAD"  # Where GET is answered, HEAD is: see service/api/head.py.
        return problem(code, detail, _request_id(request), headers=headers)

    async def failed(request: Request, error: Exception) -> Response:
        counted("internal_error")
        return problem(
            "internal_error", f"found {type(error).__name__}, expected an answer", _request_id(request)
        )

    def _request_id(request: Request) -> str:
        return read_headers(request.scope["headers"]).request_id or next(ids)

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(Exception, failed)
