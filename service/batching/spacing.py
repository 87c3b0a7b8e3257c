"""How far apart the runs of small batches begin, so that they leave the processor to all else that a request takes.

A run costs as much as several of its items. Where a batch began as soon as a thread is free, at half of what a core can do
most batches would hold one or two items, and the core would be busy all the same: a stall, or the load of another version
beside it, would be an overload. So runs may take a share of the time, and what is saved while there are few is left for
when some come at once. Not spaced is what nobody could add to: a batch of all items that are usually inside together, as
those of callers who wait for their answers are, and one that is large enough.
"""

import math

from service.batching.policy import HEAVY_WORK
from service.clock import Clock

SHARE = 0.5
"""Of the time of each inference thread that runs may take. At two fifths latency grows, and little more is saved."""
SAVED_RUNS = 3.0
"""So many runs of each thread may be begun at once where there were few before."""
MOST_S = 0.005
"""After a run began, however long runs take, the next may."""
ENOUGH = HEAVY_WORK
"""Tokens that are worth a run, whatever else may come."""
FORGETS = 0.9
"""Of how many items were inside together, what is left after a run in which there were fewer."""
WEIGHT = 0.1
"""Of the latest run in the mean time of one."""


class Spacing:
    """Of the runs of so many inference threads. Knows no items, and waits for nothing."""

    def __init__(self, threads: int, clock: Clock) -> None:
        self._threads = threads
        self._clock = clock
        self._due_s = -math.inf
        self._run_s = self._together = 0.0

    def left_s(self, items: int, tokens: int) -> float:
        """Seconds until a batch may begin while so many items, of so many tokens together, wait; 0 if at once."""
        if items >= self._together or tokens >= ENOUGH:
            return 0.0
        return max(0.0, self._due_s - self._clock())

    def begins(self, inside: int) -> None:
        """A run begins; so many items wait or run now, its own among them."""
        now_s = self._clock()
        self._together = max(inside, FORGETS * self._together)
        earliest_s = max(self._due_s, now_s - SAVED_RUNS * self._run_s / self._threads)
        self._due_s = min(earliest_s + self._run_s / SHARE / self._threads, now_s + MOST_S)

    def ended(self, seconds: float) -> None:
        """A run has taken so long."""
        weight = WEIGHT if self._run_s else 1.0
        self._run_s += weight * (seconds - self._run_s)
