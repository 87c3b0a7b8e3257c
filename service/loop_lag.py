"""How long the event loop was kept from its work: by how much a timer that is due comes late."""

import asyncio

from service.clock import Clock

TICK_S = 0.01
WINDOW_S = 10.0


class Longest:
    """The largest of the values seen in the last one to two windows of time."""

    def __init__(self, now_s: float) -> None:
        self._window_ends_s = now_s + WINDOW_S
        self._now = self._before = 0.0

    def add(self, value: float, now_s: float) -> None:
        """See a value at a time that is not before the last one."""
        if now_s >= self._window_ends_s:
            self._before, self._now = self._now, 0.0
            self._window_ends_s = now_s + WINDOW_S
        self._now = max(self._now, value)

    @property
    def value(self) -> float:
        """The largest one; 0 before any."""
        return max(self._now, self._before)


class LoopLag:
    """Measures the event loop's gaps, in whose thread it is made and used."""

    def __init__(self, clock: Clock) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._longest = Longest(clock())
        self._timer = self._schedule()

    def longest_s(self) -> float:
        """Seconds by which the latest of the last ticks came late."""
        return self._longest.value

    def late_s(self, now_s: float) -> float:
        """Seconds by which the next tick is overdue at a time; 0 where it is not."""
        return max(0.0, now_s - self._due_s)

    def stop(self) -> None:
        """Measure no more."""
        self._timer.cancel()

    def _schedule(self) -> asyncio.TimerHandle:
        self._due_s = self._clock() + TICK_S
        return self._loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        now_s = self._clock()
        self._longest.add(now_s - self._due_s, now_s)
        self._timer = self._schedule()
