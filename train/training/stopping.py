"""Which epoch of a run is its best, and when the run is over: a pure policy over the results of its epochs.

Dev chooses the epoch by exact match, then slot F1 (or by what the run selects by, `RANKED_BY`), then the later of equal
ones, whose rate is lower and whose weights have seen more. Patience counts epochs that are worse on dev than the epochs
before, by both measures: slots are often still being learnt when exact match, which utterances without slots have too,
stands still. It does not count equal ones: a small dev has many, and once all of it is right it cannot tell any apart. Nor
does it count before the network has learnt to answer better than by one constant frame.

The learning rate may be halved after so many epochs without a better result than any before, and again after as many more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyparse.contract.frame import Choice, Frame
from polyparse.evaluation.evaluate import measure
from train.config import Select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.corpora.example import Example
    from train.config import OptimConfig

RANKED_BY: Mapping[Select, tuple[str, str]] = {
    "exact_match": ("exact_match", "slot_f1"),
    "slot_f1": ("slot_f1", "exact_match"),
    "intent_accuracy": ("intent_accuracy", "exact_match"),
}
"""What a run selects by -> that measure, and the one that decides between epochs in which it is equal."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What the policy knows of the epochs so far, counted from 1; `best` has the two measures of `best_epoch`.

    `constant_match` is the exact match on dev of the best constant frame. `best_second` is the largest second measure of any
    epoch, and `last_gain` the last one that was not worse by both measures. With `halve_after`, `last_better` is the last
    epoch that was better than all before it, or after which the rate was halved.
    """

    select: Select = "exact_match"
    constant_match: float = 0.0
    epoch: int = 0
    best: tuple[float, float] = (-1.0, -1.0)
    best_epoch: int = 0
    best_second: float = -1.0
    last_gain: int = 0
    halve_after: int = 0
    last_better: int = 0
    halvings: int = 0

    def after(self, dev: Mapping[str, float | None]) -> History:
        """With one more epoch, by its measures on dev. Without dev every epoch is the best so far."""
        epoch, measures = (
            self.epoch + 1,
            {name: 1.0 if value is None else value for name, value in dev.items()},
        )
        first, second = RANKED_BY[self.select]
        result = (measures[first], measures[second])
        has_learnt = measures["exact_match"] > self.constant_match and measures["slot_f1"] > 0.0
        gains = result >= self.best or (dev[second] is not None and result[1] >= self.best_second)
        last_better = epoch if result > self.best else self.last_better
        halves = 0 < self.halve_after <= epoch - last_better
        return replace(
            self,
            last_better=epoch if halves else last_better,
            halvings=self.halvings + halves,
            epoch=epoch,
            best=max(self.best, result),
            best_epoch=epoch if result >= self.best else self.best_epoch,
            best_second=max(self.best_second, result[1]),
            last_gain=epoch if gains or not has_learnt else self.last_gain,
        )

    @property
    def is_best(self) -> bool:
        """Whether the last epoch is the best one."""
        return self.epoch == self.best_epoch

    def is_over(self, optim: OptimConfig) -> bool:
        """Whether the run has had all its epochs, or for its patience only worse ones."""
        return self.epoch >= optim.epochs or self.epoch - self.last_gain >= optim.patience


def constant_match(dev: Sequence[Example]) -> float:
    """The exact match on dev of the frame without slots that is right most often; 0 without dev."""
    intents = Counter(example.intent for example in dev if not example.slots)
    if not intents:
        return 0.0
    intent = intents.most_common(1)[0][0]
    choice = None if intent is None else Choice(intent, 1.0)
    frames = [Frame(example.text, example.locale, None, choice, (), 1.0) for example in dev]
    return measure(dev, frames)["mean"]["exact_match"] or 0.0
