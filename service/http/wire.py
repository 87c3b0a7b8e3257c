"""What all connections of a server share: their bounds, how they say no, and whether the server ends."""

import heapq
import logging
from collections.abc import Callable, Sequence, Set
from typing import Any, Protocol

from polyparse.errors import PolyparseError
from service.admission import Permit
from service.http.arrivals import Arrivals
from service.http.body_room import BodyRoom
from service.http.limits import ConnectionLimits
from service.http.pace import Pace
from service.http.phase import Phase

ROOM = 0.01
"""Share of the connections that make room at once, so that finding the idlest ones is rare."""

WAITING = frozenset({Phase.HEAD, Phase.IDLE, Phase.LAST})
"""Phases in which nothing is owed to the caller."""

logger = logging.getLogger(__name__)


class Connection(Protocol):
    """A connection, as far as it makes room for another one."""

    phase: Phase
    since_s: float

    def abort(self) -> None:
        """End it at once."""


class HeadOutcome(Protocol):
    """What a head leads to: a place inside, None where the route needs none, or an answer."""

    @property
    def permit(self) -> Permit | None:
        """The place."""

    @property
    def refusal(self) -> bytes | None:
        """The answer."""


HeadGate = Callable[[bytes, bytes, Sequence[tuple[bytes, bytes]], float], HeadOutcome]
"""Looks at a request's method, target and headers, and is told since when its first byte could be read."""


class Wire:
    """Made once for a server. `refused` is told each request that was refused before it had a route."""

    def __init__(
        self,
        limits: ConnectionLimits,
        *,
        arrivals: Arrivals,
        gate: HeadGate,
        problem: Callable[[PolyparseError], bytes],
        refused: Callable[[PolyparseError], None],
    ) -> None:
        self.limits = limits
        self.arrivals = arrivals
        self.gate = gate
        self.problem = problem
        self.refused = refused
        self.pace = Pace()
        self.bodies = BodyRoom(limits.bodies_bytes)
        self.is_ending = False
        """Whether each answer from now on is the last on its connection."""
        self._open: Set[Any] = frozenset()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def opened(self, connection: Connection, others: Set[Any]) -> None:
        """Make room for a connection where there are too many: those that have waited longest for their callers end.

        At once: what waits for its caller to close has a descriptor as long as he likes. `others` are all connections of
        the server, this one included.
        """
        self._open = others
        if len(others) <= self.limits.connections:
            return
        idle = (each for each in others if each is not connection and each.phase in WAITING)
        oldest = heapq.nsmallest(
            max(1, round(ROOM * self.limits.connections)), idle, key=lambda each: each.since_s
        )
        logger.warning(
            "found %d connections, expected at most %d (--max-connections): %d that wait for their callers end",
            len(others),
            self.limits.connections,
            len(oldest),
        )
        for each in oldest or [connection]:
            each.abort()
