"""Which of the waiting items run together, whether one more may wait, and how long one refused should stay away.

An item is `rows` rows of `tokens` tokens: an n-best request is decoded once for each frame that it wants. All rows of a
batch are padded to its longest, so a batch costs rows x longest, and a waiting item at least rows x tokens.
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
    rows: int

    @property
    def cost(self) -> int:
        """Tokens to run, without padding."""
        return self.tokens * self.rows


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds in tokens, padding counted; `max_padding` is a share of the batch."""

    queue_tokens: int
    batch_tokens: int
    max_padding: float = 0.5


def admits(waiting_tokens: int, size: Size, limits: Limits) -> bool:
    """Tell whether one more may wait. An empty queue takes anything, or what exceeds the bound would never run."""
    return waiting_tokens == 0 or waiting_tokens + size.cost <= limits.queue_tokens


def take(queue: Sequence[Size], idle_lanes: int, limits: Limits) -> list[int]:
    """Return the positions, in order, of the items of the next batch.

    The first always runs, so that each item does after at most as many batches as stand before it. Of the others those
    that are likest to it in length come first, and join if the batch stays within its size and its padding: a deep queue
    gives batches of like lengths. Idle lanes share a short queue evenly.
    """
    chosen: list[int] = []
    rows = longest = cost = 0
    share = math.ceil(len(queue) / idle_lanes)
    for position in _likest_first(queue[:LOOKAHEAD]):
        size = queue[position]
        area = (rows + size.rows) * max(longest, size.tokens)
        padding = 1 - (cost + size.cost) / area
        if not chosen or (area <= limits.batch_tokens and padding <= limits.max_padding):
            chosen.append(position)
            rows, longest, cost = rows + size.rows, max(longest, size.tokens), cost + size.cost
        if len(chosen) == share or rows * longest >= limits.batch_tokens:
            break
    return sorted(chosen)


def _likest_first(queue: Sequence[Size]) -> list[int]:
    """Positions by how far a length is from the first item's, the first of equal ones leading."""
    if not queue:
        return []
    wanted = queue[0].tokens
    distances = [abs(size.tokens - wanted) for size in queue]
    return sorted(range(len(queue)), key=distances.__getitem__)


def retry_after_s(waiting_tokens: int, tokens_per_s: float) -> int:
    """Whole seconds until what waits now has run at the rate seen lately; 1 while none has been seen."""
    if tokens_per_s <= 0:
        return 1
    return max(1, min(MAX_RETRY_S, math.ceil(waiting_tokens / tokens_per_s)))


def smoothed(rate: float, tokens: int, seconds: float, lanes: int) -> float:
    """Return the drain rate, in tokens a second over all lanes, after one more run; the last ten or so runs count."""
    if seconds <= 0:
        return rate
    seen = lanes * tokens / seconds
    return seen if rate <= 0 else rate + 0.1 * (seen - rate)
