"""What is remembered of a request that has a trace, while it is under way. Nothing of OpenTelemetry is imported here."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class RequestTrace:
    """Its ids, its root span, and what others add: moments by the service's clock, tokens, the spans of its runs.

    Spans are kept only of one that `is_sampled`; of any other one the ids alone are of use. `epoch_ns` is the moment 0 of
    the clock, in nanoseconds of Unix time.
    """

    trace_id: str
    request_id: str
    is_sampled: bool
    span: Any
    clock: Callable[[], float]
    epoch_ns: int
    since_s: float
    started_s: float
    body_read_s: float | None = None
    tokens: int = 0
    runs: list[Any] = field(default_factory=list)

    def body_read(self) -> None:
        """The body is whole."""
        self.body_read_s = self.clock()

    def ns(self, moment_s: float) -> int:
        """A moment of the clock in Unix time."""
        return self.epoch_ns + int(moment_s * 1e9)


CURRENT: ContextVar[RequestTrace | None] = ContextVar("request trace", default=None)
"""That of the request in whose course code runs; always None where tracing is off."""
