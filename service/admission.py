"""Whether another request may come in, by how long it would wait for its answer.

What is inside is counted from the end of a request to its answer, in tokens: at first as many as its body can hold, then
as its text can have, at last as it has; each hypothesis beyond the first adds a ninth, which is what its decoding costs.
Light requests and heavy ones run in lanes of their own (service/batching), and so each kind has a line of its own: who waits
in one does not wait for those in the other, and is not kept out by them.
"""

from service.batching.policy import HEAVY_WORK, work_of
from service.clock import Clock
from service.errors import DeadlineExceeded, QueueFull
from service.line import STALL_S, WaitingLine

ASCII_BYTES, OTHER_BYTES = 4, 3
"""Bytes of UTF-8 that a token has at least, on average: of a word and its space, of a letter that is a word."""


def most_tokens(text: str) -> int:
    """How many tokens a text has at most, or a few more, without cutting it."""
    size = len(text) // ASCII_BYTES if text.isascii() else len(text.encode(errors="replace")) // OTHER_BYTES
    return 1 + size


def most_cost(text: str, n_best: int) -> int:
    """What a text will cost at most, or a little more."""
    return work_of(most_tokens(text), n_best)


class AdmissionControl:
    """Both lines. All use is in the event loop's thread."""

    def __init__(self, *, max_wait_s: float, batch_tokens: int, clock: Clock, threads: int = 1) -> None:
        """`batch_tokens` are those of all `threads` of a lane together."""
        self.clock = clock
        self.light = WaitingLine(
            max_wait_s=max_wait_s, batch_tokens=batch_tokens, least_requests=0, clock=clock
        )
        self.heavy = WaitingLine(
            max_wait_s=max_wait_s, batch_tokens=batch_tokens, least_requests=threads, clock=clock
        )

    @property
    def inside(self) -> int:
        """Tokens of all that was let in by its text."""
        return self.light.inside + self.heavy.inside

    def line_of(self, cost: int) -> WaitingLine:
        """The line of a request that costs so much."""
        return self.heavy if cost > HEAVY_WORK else self.light

    def admits_head(self, cost: int, came_s: float) -> bool:
        """Whether a request may come in by its head, which could have been read since `came_s`.

        What has come so far, and is still to be read, is ahead of it.
        """
        return self.light.admits(cost, own=-self.light.arriving, came_s=came_s)

    def too_late(self, milliseconds: int) -> DeadlineExceeded | None:
        """What is said to who will surely not wait long enough; None where he may."""
        return DeadlineExceeded(milliseconds) if self.light.outlasts(milliseconds) else None

    def refusal(self) -> QueueFull:
        """What is said to who is not let in by his head."""
        return self.light.refusal()

    def permit(self, cost: int) -> "Permit":
        """Let a request in; QueueFull where it would wait too long."""
        permit = Permit(self, 0)
        try:
            permit.grow(cost)
        except QueueFull:
            permit.leave(is_answered=False)
            raise
        return permit


class Permit:
    """A request's place inside: as many tokens as it is known to have so far."""

    __slots__ = (
        *("_admission", "_ahead", "_arriving", "_at_first", "_began_s", "_has_left", "_is_void"),
        *("cost", "is_refused", "line"),
    )

    def __init__(self, admission: AdmissionControl, cost: int) -> None:
        self._admission = admission
        self._has_left = self._is_void = False
        self._arriving = self._at_first = self.cost = 0
        self.is_refused = False
        """Whether it found no room by its text."""
        self._began_s = admission.clock()
        self._stand_in(admission.line_of(cost))
        self.settle(cost)

    @classmethod
    def of_head(cls, admission: AdmissionControl, cost: int) -> "Permit":
        """The place of a request whose body is to come: none yet, else bodies that never come would fill the service."""
        permit = cls(admission, 0)
        permit._at_first = cost
        return permit

    def enter(self, came_s: float = float("inf")) -> None:
        """Take the place: the body is whole, and could be read since `came_s`, where that is known.

        What reading those ahead of it took is a part of what they cost; what a stall took is not.
        """
        now_s = self._admission.clock()
        self._began_s = min(now_s, max(came_s, now_s - STALL_S))
        self._ahead = self.line.inside + self.line.arriving
        self._arrive(self._at_first)

    def grow(self, cost: int) -> None:
        """Be as large as may be expected now; QueueFull where the rest would wait too long."""
        self._arrive(0)
        if cost <= self.cost or self._has_left:
            return
        line = self._admission.line_of(cost)
        if not line.admits(cost - self.cost if line is self.line else cost):
            self.is_refused = True
            known = line.refusal()
            raise QueueFull(*known.args, retry_after_s=known.retry_after_s)
        if line is not self.line:
            self._quit()
            self._stand_in(line)
        self.settle(cost)

    def settle(self, cost: int) -> None:
        """Be of this size, once it is known; who has left is of none."""
        if not self._has_left:
            self.line.inside += cost - self.cost
            self.cost = cost

    def void(self) -> None:
        """Come to nothing, whatever is answered: a refusal is no work done, of which a rate could be told."""
        self._is_void = True

    def leave(self, *, is_answered: bool) -> None:
        """Leave; who has left already stays where he is."""
        self._arrive(0)
        if self._has_left:
            return
        if is_answered and self.cost and not self._is_void:
            now_s = self._admission.clock()
            self.line.saw(self._ahead + self.cost, now_s - self._began_s, now_s)
        self._quit()
        self._has_left = True

    def _stand_in(self, line: WaitingLine) -> None:
        self.line = line
        self._ahead = line.inside
        line.requests += 1

    def _quit(self) -> None:
        self.settle(0)
        self.line.requests -= 1

    def _arrive(self, tokens: int) -> None:
        self.line.arriving += tokens - self._arriving
        self._arriving = tokens
