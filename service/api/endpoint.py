"""The frame around every fast route: it times, counts and logs a request, and turns every error into a problem document.

What concerns all of them, such as authentication or tracing, belongs here: each of their requests passes through
`Endpoint.__call__`, and through nothing else that is ours.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from polyparse.errors import ModelRunFailed, PolyparseError
from service.api.headers import RequestHeaders, read_headers
from service.api.problems import problem_of
from service.clock import Clock
from service.errors import AnswerTimeout, BodyTimeout, CallerDeparted, DeadlineExceeded, InternalError
from service.metrics import NO_VERSION, OK, Metrics
from service.parsing import Deadline, Parsed
from service.settings import Settings

NOBODY = Response(status_code=499)
"""For a caller who has gone; the server drops it."""

logger = logging.getLogger(__name__)


class Call(NamedTuple):
    """A request read as far as its headers; `body_late()` is raised where the body does not come by the deadline."""

    headers: RequestHeaders
    request_id: str
    receive: Receive
    deadline: Deadline
    body_late: Callable[[], BodyTimeout | DeadlineExceeded]


class Answered(NamedTuple):
    """The body of an answer, the version that gave it, what a single frame cost in seconds by stage, a batch's outcomes."""

    body: bytes
    version: str
    seconds: Mapping[str, float] | None = None
    outcomes: Sequence[Parsed | PolyparseError] = ()


Handler = Callable[[Call], Awaitable[Answered]]
"""A route's own work: it raises what it cannot answer."""


class Endpoint:
    """One route in its frame; `name` is the route's in metrics and logs."""

    def __init__(
        self,
        name: str,
        handler: Handler,
        *,
        metrics: Metrics,
        settings: Settings,
        clock: Clock,
        ids: Iterator[str],
    ) -> None:
        self._name = name
        self._handler = handler
        self._metrics = metrics
        self._timeout_s = settings.request_timeout_s
        self._answer_late = partial(AnswerTimeout, settings.request_timeout_s)
        self._body_late = partial(BodyTimeout, settings.request_timeout_s)
        self._access_log = settings.access_log
        self._clock = clock
        self._ids = ids

    async def __call__(self, request: Request) -> Response:
        """Answer one request; raises nothing but CancelledError."""
        started_s = self._clock()
        headers = read_headers(request.scope["headers"])
        request_id = headers.request_id or next(self._ids)
        outcome, version = CallerDeparted.code, NO_VERSION
        try:
            call = self._call(headers, request_id, request.receive)
            answered = await self._handler(call)
            response, version, outcome = _response(answered, request_id), answered.version, OK
            for position, error in enumerate(answered.outcomes):
                if isinstance(error, InternalError | ModelRunFailed):
                    fields = self._log_fields(request_id) | {"item": position}
                    logger.error("item failed", exc_info=error, extra=fields)
        except CallerDeparted:
            response = NOBODY
        except Exception as error:
            failure = error if isinstance(error, PolyparseError) else InternalError(error)
            outcome, response = failure.code, problem_of(failure, request_id)
            if response.status_code == 500:
                logger.exception("request failed", extra=self._log_fields(request_id))
        finally:
            self._ended(outcome, version, request_id, self._clock() - started_s)
        return response

    def _call(self, headers: RequestHeaders, request_id: str, receive: Receive) -> Call:
        """The deadline is the caller's where that is nearer than the service's own."""
        now_s = asyncio.get_running_loop().time()
        deadline_ms = headers.deadline_ms()
        if deadline_ms is not None and deadline_ms / 1000 < self._timeout_s:
            late = partial(DeadlineExceeded, deadline_ms)
            return Call(headers, request_id, receive, Deadline(now_s + deadline_ms / 1000, late), late)
        deadline = Deadline(now_s + self._timeout_s, self._answer_late)
        return Call(headers, request_id, receive, deadline, self._body_late)

    def _log_fields(self, request_id: str) -> dict[str, object]:
        """The fields that identify a request in the log."""
        return {"request_id": request_id, "endpoint": self._name}

    def _ended(self, outcome: str, version: str, request_id: str, seconds: float) -> None:
        self._metrics.answered(self._name, outcome, version, seconds)
        if self._access_log:
            fields = {"outcome": outcome, "ms": round(1000 * seconds, 3)}
            logger.info("request", extra=self._log_fields(request_id) | fields)


def _response(answered: Answered, request_id: str) -> Response:
    headers = {"x-request-id": request_id}
    if answered.seconds:
        stages = (f"{stage};dur={1000 * seconds:.3f}" for stage, seconds in answered.seconds.items())
        headers["server-timing"] = ", ".join(stages)
    return Response(answered.body, headers=headers, media_type="application/json")
