"""What was seen of a canary and of the stable version beside it, and what that shows.

It is kept in two windows, cut where both versions have enough in the later one: old merits hide no new fault, and no hour is
too quiet for a verdict. Unhealthy is the last word.
"""

from dataclasses import dataclass, field

from service.registry.comparison import Bounds, Judgement, Observed, Spent, judge

STRIDE = 10
"""Utterances of the canary from one judgement to the next."""
NOTHING_SEEN = Judgement("undecided", "nothing was seen")


@dataclass(slots=True)
class Window:
    """What was seen of both over the same time."""

    canary: Observed = field(default_factory=Observed)
    stable: Observed = field(default_factory=Observed)

    def plus(self, other: "Window") -> "Window":
        """Both together."""
        return Window(self.canary.plus(other.canary), self.stable.plus(other.stable))

    def is_full(self, bounds: Bounds) -> bool:
        """Whether it suffices for a verdict."""
        return min(self.canary.ended, self.stable.ended) >= bounds.min_requests


class Trial:
    """Counts, and judges after some utterances of the canary."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._before, self._now = Window(), Window()
        self.judgement = NOTHING_SEEN

    @property
    def is_unhealthy(self) -> bool:
        """Whether the canary is to get no more requests."""
        return self.judgement.verdict == "unhealthy"

    def saw_stable(self, spent: Spent | None) -> None:
        """The stable version parsed an utterance by such a run, or failed on it (None)."""
        self._now.stable.add(spent)

    def saw_canary(self, spent: Spent | None) -> bool:
        """The canary parsed an utterance by such a run, or failed on it (None); whether the verdict is another now."""
        self._now.canary.add(spent)
        if self.is_unhealthy or self._now.canary.ended % STRIDE:
            return False
        seen, before = self._before.plus(self._now), self.judgement.verdict
        if self._now.is_full(self._bounds):
            self._before, self._now = self._now, Window()
        self.judgement = judge(seen.canary, seen.stable, self._bounds)
        return self.judgement.verdict != before
