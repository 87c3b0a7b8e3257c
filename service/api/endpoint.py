"""The frame around every fast route: it times, counts and logs a request, and turns every error into a problem document.

What concerns all of them, such as authentication or tracing, belongs here: each of their requests passes through
`Endpoint.__call__`, and through nothing else that is ours.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from polyparse.errors import ModelRunFailed, PolyparseError
from service.admission import Permit
from service.api.headers import RequestHeaders, read_headers
from service.api.problems import problem_of
from service.clock import Clock
from service.errors import AnswerTimeout, BodyTimeout, CallerDeparted, DeadlineExceeded, InternalError
from service.metrics.labels import NO_VERSION, OK
from service.metrics.metrics import Metrics
from service.parsed import Deadline, Parsed
from service.request_trace import RequestTrace
from service.settings import Settings
from service.tracing.tracer import TracedEnd, TracedHead, Tracer

PERMIT = "polyparse.permit"
"""Key of a request's place inside among the extensions of its ASGI scope."""
ARRIVED = "polyparse.arrived"
"""Key there of the moment, by the service's clock, since when a request's first byte could be read."""
HOLD = "polyparse.hold"
"""Key there of what takes the bytes that a body has more than were sent; QueueFull where there is no room for them."""
NO_EXTENSIONS: Mapping[str, Any] = {}
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
    permit: Permit | None = None
    """Its place inside, where the server let it in by its head."""
    trace: RequestTrace | None = None
    """Its trace, where requests are traced."""
    hold: Callable[[int], None] | None = None
    """Takes the bytes that its body has more than were sent, where a connection of ours holds it."""


class Answered(NamedTuple):
    """The body of an answer, the version that gave it, its single frame or a batch's outcomes.

    `after` is to be called once the answer was sent.
    """

    body: bytes
    version: str
    parsed: Parsed | None = None
    outcomes: Sequence[Parsed | PolyparseError] = ()
    after: Callable[[], Awaitable[None]] | None = None


Handler = Callable[[Call], Awaitable[Answered]]
"""A route's own work: it raises what it cannot answer."""


class Endpoint:
    """One route in its frame; `name` is the route's in metrics and logs."""

    def __init__(  # noqa: PLR0913 - the parts that it puts to use
        self,
        name: str,
        handler: Handler,
        *,
        metrics: Metrics,
        settings: Settings,
        clock: Clock,
        ids: Iterator[str],
        tracer: Tracer | None = None,
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
        self._tracer = tracer

    async def __call__(self, request: Request) -> Response:
        """Answer one request; raises nothing but CancelledError."""
        arrived_s = arrived(request.scope, self._clock)
        self._metrics.in_flight += 1
        headers = read_headers(request.scope["headers"])
        request_id = headers.request_id or next(self._ids)
        trace = None if self._tracer is None else self._traced(self._tracer, request, request_id, arrived_s)
        response, outcome, version, answered = NOBODY, CallerDeparted.code, NO_VERSION, None
        try:
            answered = await self._handler(self._call(headers, request_id, request, trace))
            response = _response(answered, request_id, is_timed=headers.server_timing)
            version, outcome = answered.version, OK
            for position, error in enumerate(answered.outcomes):
                if isinstance(error, InternalError | ModelRunFailed):
                    fields = self._log_fields(request_id) | {"item": position, "version": answered.version}
                    logger.error("item failed", exc_info=error, extra=fields)
        except CallerDeparted:
            pass
        except Exception as error:
            outcome, version, response = self._refused(error, request_id)
        finally:
            self._metrics.in_flight -= 1
            ended_s = self._clock()
            self._ended(outcome, version, request_id, ended_s - arrived_s, trace)
            if trace is not None and self._tracer is not None:
                self._tracer.end(trace, _traced_end(outcome, response, ended_s, answered))
        return response

    def _refused(self, error: Exception, request_id: str) -> tuple[str, str, Response]:
        """The outcome, the version and the answer of a request that ended with an error.

        Here, and not where it was caught: a name there that kept it would be kept by its traceback, and all of the
        request with it, until the garbage collector comes.
        """
        failure = error if isinstance(error, PolyparseError) else InternalError(error)
        response = problem_of(failure, request_id)
        if response.status_code == 500:
            logger.error("request failed", exc_info=error, extra=self._log_fields(request_id))
        return failure.code, failure.version, response

    def _traced(self, tracer: Tracer, request: Request, request_id: str, arrived_s: float) -> RequestTrace:
        """Its trace, which began when its first byte could be read."""
        head = TracedHead(self._name, request.scope["headers"], request_id, arrived_s)
        return tracer.begin(head, self._clock())

    def _call(
        self, headers: RequestHeaders, request_id: str, request: Request, trace: RequestTrace | None
    ) -> Call:
        """The deadline is the caller's where that is nearer than the service's own."""
        extensions = request.scope.get("extensions", NO_EXTENSIONS)
        receive, permit, hold = request.receive, extensions.get(PERMIT), extensions.get(HOLD)
        now_s = asyncio.get_running_loop().time()
        deadline_ms = headers.deadline_ms()
        if deadline_ms is not None and deadline_ms / 1000 < self._timeout_s:
            late = partial(DeadlineExceeded, deadline_ms)
            deadline = Deadline(now_s + deadline_ms / 1000, late)
            return Call(headers, request_id, receive, deadline, late, permit, trace, hold)
        deadline = Deadline(now_s + self._timeout_s, self._answer_late)
        return Call(headers, request_id, receive, deadline, self._body_late, permit, trace, hold)

    def _log_fields(self, request_id: str) -> dict[str, object]:
        """The fields that identify a request in the log."""
        return {"request_id": request_id, "endpoint": self._name}

    def _ended(
        self, outcome: str, version: str, request_id: str, seconds: float, trace: RequestTrace | None
    ) -> None:
        exemplar = {"trace_id": trace.trace_id} if trace is not None and trace.is_sampled else None
        self._metrics.answered(self._name, outcome, version, seconds, exemplar)
        if self._access_log:
            fields = {"outcome": outcome, "ms": round(1000 * seconds, 3), "version": version or None}
            logger.info("request", extra=self._log_fields(request_id) | fields)


def arrived(scope: Scope, clock: Clock) -> float:
    """Since when the first byte of a request could be read; now, where no connection of ours has said so."""
    since_s: float | None = scope.get("extensions", NO_EXTENSIONS).get(ARRIVED)
    return clock() if since_s is None else since_s


def _traced_end(outcome: str, response: Response, ended_s: float, answered: Answered | None) -> TracedEnd:
    if answered is None:
        return TracedEnd(outcome, response.status_code, ended_s)
    parsed = answered.outcomes if answered.parsed is None else (answered.parsed,)
    return TracedEnd(outcome, response.status_code, ended_s, parsed, is_batch=answered.parsed is None)


def _response(answered: Answered, request_id: str, *, is_timed: bool) -> Response:
    headers = {"x-request-id": request_id}
    if is_timed and answered.parsed is not None:
        stages = (f"{stage};dur={1000 * seconds:.3f}" for stage, seconds in answered.parsed.seconds.items())
        headers["server-timing"] = ", ".join(stages)
    after = None if answered.after is None else BackgroundTask(answered.after)
    return Response(answered.body, headers=headers, media_type="application/json", background=after)
