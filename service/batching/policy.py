"""Which of the waiting items run together, in which lane, whether one more may wait, and when a refused caller should try
again.

An item is `sequences` sequences of `tokens` tokens: an n-best request is decoded once for each hypothesis that it asks for.
Where a device pads all sequences of a batch to its longest, a batch costs sequences x longest, and a waiting item at least
sequences x tokens. Where nothing is padded a batch costs what its items do.
Nothing here waits, reads a clock or changes anything.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

LOOKAHEAD = 256
"""How many items, from the front, are considered for one batch, so that a long queue costs no more than a short one."""

MAX_RETRY_S = 60
LEAST_SEQUENCES = 4
"""No batch is cut smaller for the sake of idle threads: a run costs as much as these beside its sequences, so that halves of
less take more time of the processor than the whole, and all threads share Python's lock with the event loop."""
DECODES = 9
"""So many decodings of an utterance take as long as all else that is done with it."""
HEAVY_WORK = 64
"""An item with more work has a lane of its own: what takes as long as ten utterances of usual length must not run, nor have
its arrays made, in front of one of them."""


BATCH_TOKENS = {"cpu": 512, "cuda": 4096}
"""Size of a batch by device. On a core more save nothing; a GPU takes as long for one utterance as for hundreds, and so many
hold the LOOKAHEAD utterances of 16 tokens that one batch may be made of."""


class Size(NamedTuple):
    """How much work an item is."""

    tokens: int
    sequences: int

    @property
    def cost(self) -> int:
        """Tokens to run, without padding."""
        return self.tokens * self.sequences

    @property
    def is_heavy(self) -> bool:
        """Whether it runs in the lane of what takes long."""
        return work_of(self.tokens, self.sequences) > HEAVY_WORK


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds in tokens; where sequences are padded, with their padding, of which `max_padding` is the share in a batch."""

    queue_tokens: int
    batch_tokens: int
    is_padded: bool = False
    max_padding: float = 0.5


def batch_tokens_of(asked: int | None, device: str = "cpu") -> int:
    """The size of a batch: as somebody asked, else by the device."""
    return asked or BATCH_TOKENS[device]


def work_of(tokens: int, n_best: int) -> int:
    """What so many tokens with so many hypotheses take, in tokens with one; at least 1."""
    return max(1, tokens * (DECODES - 1 + n_best) // DECODES)


def admits(waiting_tokens: int, cost: int, limits: Limits) -> bool:
    """Tell whether one more may wait. An empty queue takes anything, or what exceeds the bound would never run."""
    return waiting_tokens == 0 or waiting_tokens + cost <= limits.queue_tokens


def threads_of_guests(threads: int) -> int:
    """How many of these inference threads guests may hold at once. A single thread is everybody's."""
    return max(1, threads - 1)


def half_of(limits: Limits) -> Limits:
    """The bounds of what guests, and of what heavy ones, have in the queue: half of it is left to the others."""
    return replace(limits, queue_tokens=max(1, limits.queue_tokens // 2))


def take(queue: Sequence[Size], idle_threads: int, limits: Limits) -> list[int]:
    """Return the positions, in order, of the items of the next batch.

    The first always runs, so that each item runs after at most as many batches as items stand before it. The others join in
    the order in which they came, if the batch stays within its size and its padding: whoever goes first, as many wait, and
    in this order nobody waits much longer than others. Idle threads share a short queue evenly, where their shares are worth
    a run each.
    """
    chosen: list[int] = []
    sequences = longest = cost = paid = 0
    share = math.ceil(len(queue) / idle_threads)
    for position, size in enumerate(queue[:LOOKAHEAD]):
        sequences_with, longest_with = sequences + size.sequences, max(longest, size.tokens)
        cost_with = cost + size.cost
        paid_with = sequences_with * longest_with if limits.is_padded else cost_with
        padding = paid_with - cost_with
        is_within = paid_with <= limits.batch_tokens and padding <= limits.max_padding * paid_with
        if not chosen or is_within:
            chosen.append(position)
            sequences, longest, cost, paid = sequences_with, longest_with, cost_with, paid_with
        is_share = len(chosen) >= share and sequences >= LEAST_SEQUENCES
        if is_share or paid >= limits.batch_tokens:
            break
    return chosen


def retry_after_s(waiting_tokens: int, tokens_per_s: float) -> int:
    """Whole seconds until what waits now has run at the rate seen lately; 1 while there has been no run."""
    if tokens_per_s <= 0:
        return 1
    return max(1, min(MAX_RETRY_S, math.ceil(waiting_tokens / tokens_per_s)))


class ThreadStates(NamedTuple):
    """How many inference threads do nothing, run a batch, and hang in one."""

    idle: int
    busy: int
    hung: int

    @property
    def all_hang(self) -> bool:
        """Whether none is left that could answer anybody."""
        return self.hung > 0 and not self.idle and not self.busy


def thread_states(started_s: Sequence[float], hung_before_s: float, threads: int) -> ThreadStates:
    """Count threads, given when each batch that runs began, and the moment before which one must have begun to hang now."""
    hung = sum(start <= hung_before_s for start in started_s)
    return ThreadStates(threads - len(started_s), len(started_s) - hung, hung)


def states_of(lanes: Sequence[ThreadStates]) -> ThreadStates:
    """The threads of all lanes; where all of one hang, that one's alone: what comes to it is not answered any more."""
    hanging = [states for states in lanes if states.all_hang]
    return hanging[0] if hanging else ThreadStates(*(sum(each) for each in zip(*lanes, strict=True)))
