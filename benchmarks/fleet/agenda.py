"""What is still to happen in a simulation, by its moment; it is the clock of all that takes part."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any


class Agenda:
    """Calls in order of time, those of one moment in the order in which they were put down. The clock begins at 0 s."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._numbers = count()
        self._calls: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []

    def __call__(self) -> float:
        """The simulated time, in seconds: a `service.clock.Clock`."""
        return self.now_s

    def after(self, seconds: float, call: Callable[..., object], *args: object) -> None:
        """Call after so many seconds."""
        heapq.heappush(self._calls, (self.now_s + seconds, next(self._numbers), call, args))

    def run(self, until_s: float) -> None:
        """Do all that is to happen before a moment, and let it be that moment."""
        calls = self._calls
        while calls and calls[0][0] < until_s:
            self.now_s, _, call, args = heapq.heappop(calls)
            call(*args)
        self.now_s = until_s
