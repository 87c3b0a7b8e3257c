"""Callers who do not wait for one another, over a fixed number of keep-alive connections, and give up after a while.

A request has a moment at which it is meant to be sent. Where no connection is free then, it waits for one. Where it has
waited so long that its caller has given up, it is never sent, and counts as failed, as does one that is not answered by
then: its connection goes with it, and another one is opened. Latency counts from the intended moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.open_loop import Connections, OpenLoad
from loadtest import outcome
from loadtest.points import Point

PATIENCE_S = 5.0
"""Time after which a caller gives up."""
SETTLE_S = 1.0
MOST_WAITING = 1_000_000
"""All of them: nobody has so many in so much time."""
UNSENT, UNANSWERED, LOST = -1, -2, -3
"""In place of a status: never sent, for want of a connection; not answered in time; its connection lost once it was sent."""
STATUSES: Mapping[str, int] = {
    outcome.UNSENT: UNSENT,
    outcome.TIMED_OUT: UNANSWERED,
    outcome.RESET: LOST,
    outcome.UNCONNECTED: UNSENT,
    outcome.GARBLED: LOST,
}


class Outcome(NamedTuple):
    """One request, in seconds of `perf_counter`; `status` is HTTP's, or one of those above."""

    intended_s: float
    turned_to_s: float
    sent_s: float
    done_s: float
    status: int


class Callers(OpenLoad):
    """Sends requests in a circle at the moments of a schedule, for the length of an `async with`."""

    def __init__(
        self, port: int, requests: Sequence[bytes], schedule: Iterator[float], *, connections: int
    ) -> None:
        bounds = Connections(
            first=connections,
            most=connections,
            most_waiting=MOST_WAITING,
            answer_s=PATIENCE_S,
            settle_s=SETTLE_S,
        )
        super().__init__(port, requests, schedule, connections=bounds)

    @property
    def outcomes(self) -> list[Outcome]:
        """What became of each request that has come to an end."""
        begun_s = self.start_s - SETTLE_S
        return [_outcome(begun_s, point) for point in self.points]


def _outcome(begun_s: float, point: Point) -> Outcome:
    sent_s = point.done_s if point.sent_s is None else point.sent_s
    return Outcome(
        begun_s + point.intended_s,
        begun_s + point.turned_s,
        begun_s + sent_s,
        begun_s + point.done_s,
        STATUSES.get(point.outcome, point.status),
    )
