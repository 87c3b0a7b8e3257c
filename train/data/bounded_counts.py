"""Counting what occurs how often in a stream, in bounded memory.

Misra and Gries (1982, "Finding repeated elements"), with the pruning of Agarwal et al. (2013, "Mergeable summaries"): where
there are twice as many counters as allowed, the count of the largest that shall go is taken from all, and what has nothing
left goes. Each pruning takes its count c from more than `capacity` counters, so that the sum of all c is at most n /
capacity, for n occurrences in all: so much, at most, is missing from a count, and only what is no more frequent can be lost.
"""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

KeyT = TypeVar("KeyT", bound="str | int")


class BoundedCounts(Generic[KeyT]):
    """At most twice `capacity` counters; `missed` is the most that a count lacks, 0 as long as all of them are exact."""

    def __init__(self, capacity: int, only: frozenset[KeyT] | None = None) -> None:
        """Counts what is in `only`, or whatever there is."""
        self.counts: Counter[KeyT] = Counter()
        self.missed = 0
        self._capacity, self._only = capacity, only

    def add(self, keys: Iterable[KeyT]) -> None:
        """Count each key once more."""
        only = self._only
        self.counts.update(keys if only is None else (key for key in keys if key in only))
        if len(self.counts) > 2 * self._capacity:
            taken = nlargest(self._capacity + 1, self.counts.values())[-1]
            self.missed += taken
            self.counts = Counter({key: n - taken for key, n in self.counts.items() if n > taken})

    def exact(self) -> BoundedCounts[KeyT]:
        """Counts from nothing of the keys that are left, for a second pass over the same stream."""
        return BoundedCounts(self._capacity, frozenset(self.counts))

    def most_common(self, least: int) -> dict[KeyT, int]:
        """The most frequent keys, `capacity` of them or fewer, that occur `least` times or more; ties in their order."""
        ranked = sorted(((-n, key) for key, n in self.counts.items() if n >= least))
        return {key: -n for n, key in ranked[: self._capacity]}
