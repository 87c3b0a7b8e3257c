"""Which of the waiting items run together, whether one more may wait, and when a refused caller should try again.

An item is `sequences` sequences of `tokens` tokens: an n-best request is decoded once for each hypothesis that it asks for.
All sequences of a batch are padded to its longest, so a batch costs sequences x longest, and a waiting item at least
sequences x tokens.
Nothing here waits, reads a clock or changes anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

LOOKAHEAD = 256
"""How many items, from the front, are considered for one batch, so that a long queue costs no more than a short one."""

MAX_RETRY_S = 60


class Size(NamedTuple):
    """How much work an item is."""

    tokens: int
    sequences: int

    @property
    def cost(self) -> int:
        """Tokens to run, without padding."""
        return self.tokens * self.sequences


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds in tokens, padding counted; `max_padding` is a share of the batch."""

    queue_tokens: int
    batch_tokens: int
    max_padding: float = 0.5


def admits(waiting_tokens: int, cost: int, limits: Limits) -> bool:
    """Tell whether one more may wait. An empty queue takes anything, or what exceeds the bound would never run."""
    return waiting_tokens == 0 or waiting_tokens + cost <= limits.queue_tokens


def take(queue: Sequence[Size], idle_threads: int, limits: Limits) -> list[int]:
    """Return the positions, in order, of the items of the next batch.

    The first always runs, so that each item runs after at most as many batches as items stand before it. Of the others
    those nearest to it in length come first, and join if the batch stays within its size and its padding: a deep queue
    gives batches of like lengths. Idle threads share a short queue evenly.
    """
    chosen: list[int] = []
    sequences = longest = cost = 0
    share = math.ceil(len(queue) / idle_threads)
    for position in _nearest_length_first(queue[:LOOKAHEAD]):
        size = queue[position]
        area = (sequences + size.sequences) * max(longest, size.tokens)
        cost_with = cost + size.cost
        padding = 1 - cost_with / area
        if not chosen or (area <= limits.batch_tokens and padding <= limits.max_padding):
            chosen.append(position)
            sequences += size.sequences
            longest, cost = max(longest, size.tokens), cost_with
        if len(chosen) == share or sequences * longest >= limits.batch_tokens:
            break
    return sorted(chosen)


def _nearest_length_first(queue: Sequence[Size]) -> list[int]:
    """Positions by the difference in length from the first item, equal ones in the order of the queue."""
    if not queue:
        return []
    first = queue[0].tokens
    distances = [abs(size.tokens - first) for size in queue]
    return sorted(range(len(queue)), key=distances.__getitem__)


def retry_after_s(waiting_tokens: int, tokens_per_s: float) -> int:
    """Whole seconds until what waits now has run at the rate seen lately; 1 while there has been no run."""
    if tokens_per_s <= 0:
        return 1
    return max(1, min(MAX_RETRY_S, math.ceil(waiting_tokens / tokens_per_s)))


def smoothed(rate: float, tokens: int, seconds: float, threads: int) -> float:
    """Return the drain rate, in tokens a second over all threads, after one more run; the last ten or so runs count."""
    if seconds <= 0:
        return rate
    latest = threads * tokens / seconds
    return latest if rate <= 0 else rate + 0.1 * (latest - rate)
