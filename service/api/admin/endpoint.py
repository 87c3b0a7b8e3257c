"""The frame around every route of administration and of OIP: who may ask, what is asked, and errors as problem documents.

These routes go through FastAPI's middleware, as few requests come by them; /parse has none of their costs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from polyparse.errors import PolyparseError
from service.api.admin.conditions import etag
from service.api.admin.gate import Gate
from service.api.body import decode, read_body
from service.api.endpoint import NOBODY, Call, arrived
from service.api.headers import RequestHeaders, read_headers
from service.api.problems import problem_of
from service.clock import Clock
from service.errors import PROBLEMS, AnswerTimeout, BodyTimeout, CallerDeparted, InternalError
from service.metrics.labels import NO_VERSION, OK
from service.metrics.metrics import Metrics
from service.parsed import Deadline
from service.settings import Settings

LABEL = "admin"
"""The endpoint in metrics and logs."""

ModelT = TypeVar("ModelT", bound=BaseModel)
Members = Callable[[PolyparseError], Mapping[str, Any]]
"""What a problem document of a route has beside the usual members."""

logger = logging.getLogger(__name__)


class AdminRequest(NamedTuple):
    """A request read as far as its headers, with the parts of its path that have names."""

    call: Call
    headers: Headers
    path: Mapping[str, str]
    max_body_bytes: int

    async def body(self, model: type[ModelT]) -> ModelT:
        """The body, an empty one as `{}`; raises what `read_body` and `decode` raise."""
        return decode(model, await read_body(self.call, self.max_body_bytes) or b"{}")


class AdminAnswer(NamedTuple):
    """A document, and the generation of the state that it shows, for the ETag."""

    content: BaseModel
    generation: int | None = None


AdminHandler = Callable[[AdminRequest], Awaitable[AdminAnswer]]
"""A route's own work: it raises what it cannot answer."""


class AdminContext(NamedTuple):
    """What all these routes share; `gate` is None where nobody is to be kept out."""

    gate: Gate | None
    metrics: Metrics
    settings: Settings
    clock: Clock
    ids: Iterator[str]


class AdminEndpoint:
    """One route in its frame. Only what passes a gate is counted, as health is not either."""

    def __init__(self, handler: AdminHandler, context: AdminContext, members: Members = lambda _: {}) -> None:
        self._handler = handler
        self._context = context
        self._members = members

    async def __call__(self, request: Request) -> Response:
        """Answer one request; raises nothing but CancelledError."""
        arrived_s = arrived(request.scope, self._context.clock)
        headers = read_headers(request.scope["headers"])
        request_id = headers.request_id or next(self._context.ids)
        outcome = CallerDeparted.code
        try:
            if self._context.gate is not None:
                self._context.gate.check(request.headers)
            answer = await self._handler(self._asked(request, headers, request_id))
            response, outcome = _response(answer, request_id), OK
        except CallerDeparted:
            response = NOBODY
        except Exception as error:
            failure = _known(error)
            outcome, response = failure.code, problem_of(failure, request_id, self._members(failure))
            if response.status_code == 500:
                logger.exception("request failed", extra={"request_id": request_id, "endpoint": LABEL})
        finally:
            if self._context.gate is not None:
                seconds = self._context.clock() - arrived_s
                self._context.metrics.answered(LABEL, outcome, NO_VERSION, seconds)
        return response

    def _asked(self, request: Request, headers: RequestHeaders, request_id: str) -> AdminRequest:
        timeout_s = self._context.settings.request_timeout_s
        ends_s = asyncio.get_running_loop().time() + timeout_s
        deadline = Deadline(ends_s, partial(AnswerTimeout, timeout_s))
        call = Call(headers, request_id, request.receive, deadline, partial(BodyTimeout, timeout_s))
        return AdminRequest(call, request.headers, request.path_params, self._context.settings.max_body_bytes)


def _known(error: Exception) -> PolyparseError:
    """An error of the table; what nobody foresaw is the service's own fault."""
    return error if isinstance(error, PolyparseError) and error.code in PROBLEMS else InternalError(error)


def _response(answer: AdminAnswer, request_id: str) -> Response:
    headers = {"x-request-id": request_id, "cache-control": "no-store"}
    if answer.generation is not None:
        headers["etag"] = etag(answer.generation)
    return Response(answer.content.model_dump_json(), headers=headers, media_type="application/json")
