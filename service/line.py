"""The requests of one kind that are inside, and how long one more would wait behind them.

Little's law tells: what is ahead of a request, over what leaves in a second, is the time that it spends here. So each answer
tells how much leaves in a second: what was ahead of its request, and itself, over the time that it took. Where little was
ahead the time is that of a run, whatever is in it, and tells nothing; until enough was, a rate is taken that most machines
reach.

However slow the service is, a batch may always be inside, or a request for each inference thread: else a slow one would take
nothing at all. And what a stall has left is no overload: requests that came while the event loop or the machine stood still
are gone again soon, if capacity is what it was. So after one, if no request was beyond the bound for a while, as much
more may be inside for a moment as leaves in the time that it took.

While a version is loaded or let go beside requests, it takes what they would get, for some seconds and by our own doing.
Then the line may be filled four times: better they wait longer for a moment than that a swap refuses any.
"""

from service.batching.policy import retry_after_s
from service.clock import Clock
from service.errors import QueueFull

WINDOW_S = 0.05
"""The rate is measured over so long at least."""
WEIGHT = 0.25
"""Of the latest window in the rate: the last four or so count. A rate that falls more slowly than it rises is too high as
soon as refusals, or a load beside the service, take their part of the processor."""
ENOUGH = 0.5
"""Share of a batch that is ahead of a request whose time tells of the rate."""
BATCHES_PER_S = 40
"""Batches that are taken to leave in a second, until a rate was seen."""
MEAN = 0.75
"""Of the bound is the mean wait of those who are let in: some wait longer."""
STRAIN = 4.0
"""Times the bound that may be inside beside a load."""
STALL_S, LONGEST_STALL_S = 0.02, 0.5
"""Time until a request is read that tells of a stall, and what of a longer one counts."""
BURST_S = 0.25
"""How long a burst after a stall may last."""
EASES_S = 0.5
"""Time after a load until what it has left in the line is gone."""
CALM_S = 0.5
"""Time without a request beyond the bound before a burst. Under overload, when reading all sockets takes as long as a stall,
one comes with each batch."""


class WaitingLine:
    """All use is in the event loop's thread. `least_tokens`, and `least_requests`, may always be inside."""

    def __init__(self, *, max_wait_s: float, batch_tokens: int, least_requests: int, clock: Clock) -> None:
        self._max_wait_s = max_wait_s
        self._batch_tokens = batch_tokens
        self._least_requests = least_requests
        self._clock = clock
        self._stalled_s = self._burst_from_s = self._beyond_s = float("-inf")
        self._stall_s = self._burst_tokens = 0.0
        self._strain_ends_s = float("-inf")
        self._since_s: float | None = None
        self._tokens, self._seconds = 0, 0.0
        self._refusal: QueueFull | None = None
        self.inside = 0
        """Tokens of what was let in by its text."""
        self.arriving = 0
        """Tokens of what was let in by its head, and whose text is not read yet."""
        self.requests = 0
        """How many have a place."""
        self.tokens_per_s = 0.0
        """What leaves while enough is inside; 0 until that was seen."""

    def admits(self, cost: int, *, own: int = 0, came_s: float = float("inf")) -> bool:
        """Whether a request of so many tokens may come in, were it not for `own` tokens of its caller's that are inside.

        What is not read yet does not count: many long ones that come at once would keep out each other, all of them.
        `came_s` is when it could have been read, where that is known.
        """
        now_s = self._clock()
        if now_s - came_s >= STALL_S:
            self._see_stall(now_s - came_s, now_s)
        inside = self.inside - own
        if not inside or self.requests < self._least_requests:
            return True
        rate = self.tokens_per_s or BATCHES_PER_S * self._batch_tokens
        bound = max(self._batch_tokens, MEAN * self._max_wait_s * rate)
        room = STRAIN * bound if now_s < self._strain_ends_s else bound
        return inside + cost <= room or self._bears(inside + cost - bound, rate, now_s)

    def strain(self, *, is_strained: bool) -> None:
        """A version is loaded or let go from now on, or none is any more."""
        if is_strained:
            self._strain_ends_s = float("inf")
        elif self._strain_ends_s == float("inf"):
            self._strain_ends_s = self._clock() + EASES_S

    def _see_stall(self, seconds: float, now_s: float) -> None:
        """A request lay for so long before it could be read; of a stall, the one that lay longest tells how long it was."""
        is_another = now_s - self._stalled_s > BURST_S
        self._stall_s = seconds if is_another else max(self._stall_s, seconds)
        self._stalled_s = now_s

    def _bears(self, beyond: float, rate: float, now_s: float) -> bool:
        """Whether so many tokens beyond the bound are of a burst."""
        if now_s - self._beyond_s > CALM_S and now_s - self._stalled_s <= BURST_S:
            self._burst_from_s = now_s
            self._burst_tokens = rate * min(self._stall_s, LONGEST_STALL_S)
        self._beyond_s = now_s
        return now_s - self._burst_from_s <= BURST_S and beyond <= self._burst_tokens

    def refusal(self) -> QueueFull:
        """What is said to who is not let in; the same object as long as it is the same: it is needed often."""
        seconds = self.retry_after_s()
        if self._refusal is None or self._refusal.retry_after_s != seconds:
            message = f"found a wait of more than {1000 * self._max_wait_s:g} ms, expected at most so much"
            self._refusal = QueueFull(message, retry_after_s=seconds)
        return self._refusal

    def retry_after_s(self) -> int:
        """Whole seconds until what is inside now has left."""
        return retry_after_s(self.inside, self.tokens_per_s)

    def outlasts(self, milliseconds: int) -> bool:
        """Whether what is inside now surely takes longer than that."""
        return self.tokens_per_s > 0 and 1000 * self.inside > milliseconds * self.tokens_per_s

    def saw(self, tokens: int, seconds: float, now_s: float) -> None:
        """Learn from an answer that took so long, with so many tokens ahead of it and in it."""
        if tokens < ENOUGH * self._batch_tokens or seconds <= 0:
            return
        if self._since_s is None:
            self._since_s = now_s
        self._tokens += tokens
        self._seconds += seconds
        if now_s - self._since_s >= WINDOW_S:
            rate = self._tokens / self._seconds
            weight = WEIGHT if self.tokens_per_s else 1.0
            self.tokens_per_s += weight * (rate - self.tokens_per_s)
            self._since_s, self._tokens, self._seconds = None, 0, 0.0
