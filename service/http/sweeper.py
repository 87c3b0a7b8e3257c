"""Looks at every connection once in a while: one timer for all of them, in place of one for each answer.

Ten thousand looks take some ten milliseconds, so that requests have their turns between a few and the next few.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Protocol

PERIOD_S = 0.5
PER_TURN = 200
"""Connections that are looked at in one turn of the event loop."""


class Swept(Protocol):
    """A connection."""

    def sweep(self, now_s: float) -> None:
        """Do what is overdue; nothing where it has gone."""


class Sweeper:
    """Sweeps what `connections` returns, in the event loop's thread, until it is stopped."""

    def __init__(self, connections: Callable[[], Iterable[Swept]], *, period_s: float = PERIOD_S) -> None:
        self._connections = connections
        self._period_s = period_s
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Handle = self._loop.call_later(period_s, self._begin)

    def stop(self) -> None:
        """Sweep no more."""
        self._next.cancel()

    def _begin(self) -> None:
        self._go_on(iter(list(self._connections())))

    def _go_on(self, left: Iterator[Swept]) -> None:
        now_s = self._loop.time()
        some = list(islice(left, PER_TURN))
        for connection in some:
            connection.sweep(now_s)
        if len(some) == PER_TURN:
            self._next = self._loop.call_soon(self._go_on, left)
        else:
            self._next = self._loop.call_later(self._period_s, self._begin)
