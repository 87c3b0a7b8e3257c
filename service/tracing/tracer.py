"""What the service tells of a request, and whoever makes a trace of it: the interface, without OpenTelemetry."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from polyparse.errors import PolyparseError
from service.batching.protocols import SharedRun
from service.parsed import Parsed
from service.request_trace import RequestTrace


class TracedHead(NamedTuple):
    """A request as its head tells of it: the route's name, ASGI's headers, its id, and when the head was there."""

    name: str
    headers: Sequence[tuple[bytes, bytes]]
    request_id: str
    since_s: float


class TracedEnd(NamedTuple):
    """How a request ended: with "ok", "departed" or a problem's code, its status, and when by the clock.

    `parsed` are the outcomes of its utterances, as far as there are any; those of a batch are its items.
    """

    outcome: str
    status: int
    ended_s: float
    parsed: Sequence[Parsed | PolyparseError] = ()
    is_batch: bool = False


class Tracer(Protocol):
    """Makes traces of requests. All use is in the event loop's thread, and nothing in it waits."""

    @property
    def spans_dropped(self) -> int:
        """How many spans were not exported."""

    def begin(self, head: TracedHead, started_s: float) -> RequestTrace:
        """Begin the trace of a request, which is the current one from now on; its work has begun at `started_s`."""

    def end(self, trace: RequestTrace, end: TracedEnd) -> None:
        """End it; the spans are made once the answer was sent."""

    def ran(
        self, name: str, run: SharedRun, traces: Sequence[RequestTrace], labels: Mapping[str, str], /
    ) -> None:
        """Make the one span of a run, linked with those of the requests that share it."""

    async def close(self, timeout_s: float) -> None:
        """Export what waits, within a bound."""
