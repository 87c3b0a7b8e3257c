"""Where a model is right and wrong: accuracy by domain and intent, confused intents, slots by kind of error. Pure counts.

Slots are compared as slot F1 compares them (MASSIVE's rule), so that the counts of all slots add up to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from polyparse.evaluation.massive_slots import runs
from polyparse.evaluation.measures import Counts, score
from polyparse.evaluation.spans import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from polyparse.corpora.example import Example
    from polyparse.evaluation.evaluate import Case

    Run = tuple[str, int, int]


class Confusion(NamedTuple):
    """Utterances of intent `true` that were parsed as `predicted` (None: no intent), in the order of the corpus."""

    true: str
    predicted: str | None
    cases: list[Case]


@dataclass(frozen=True)
class SlotErrors:
    """Counts of one slot's spans. Each true one is right, missed, renamed or moved; predicted ones are right or wrong.

    Missed: no predicted span overlaps it. Renamed: only spans of other slots do. Moved: a span of this slot does, with other
    ends. Extra: a predicted span that overlaps no true span of this slot.
    """

    true: int = 0
    predicted: int = 0
    right: int = 0
    missed: int = 0
    renamed: int = 0
    moved: int = 0
    extra: int = 0

    @property
    def precision(self) -> float | None:
        """The share of predicted spans that are right."""
        return self.right / self.predicted if self.predicted else None

    @property
    def recall(self) -> float | None:
        """The share of true spans that were predicted."""
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall."""
        spans = self.true + self.predicted
        return 2 * self.right / spans if spans else None

    @property
    def wrong(self) -> int:
        """Spans that lower F1: true ones not predicted, and predicted ones not true."""
        return self.true + self.predicted - 2 * self.right


def counts_by(label: Callable[[Example], str | None], cases: Iterable[Case]) -> dict[str, Counts]:
    """Counts of the utterances with each true label, in order of their names; utterances without one are left out."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    for case in cases:
        if (name := label(case.example)) is not None:
            counts[name] += score(case.example, case.frame)
    return dict(sorted(counts.items()))


def confusions(cases: Iterable[Case]) -> list[Confusion]:
    """Every pair of true and wrongly predicted intent, the most frequent first."""
    cases_of: defaultdict[tuple[str, str | None], list[Case]] = defaultdict(list)
    for case in cases:
        choice = case.frame.intent
        true, predicted = case.example.intent, None if choice is None else choice.name
        if true is not None and true != predicted:
            cases_of[true, predicted].append(case)
    ranked = sorted(cases_of.items(), key=lambda entry: (-len(entry[1]), entry[0][0], entry[0][1] or ""))
    return [Confusion(true, predicted, confused) for (true, predicted), confused in ranked]


def slot_errors(cases: Iterable[Case]) -> dict[str, SlotErrors]:
    """Errors of each slot that is true or predicted somewhere, in order of their names."""
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        true, predicted = spans_of(case)
        for run in true:
            tallies[run[0]].update(("true", _outcome(run, predicted)))
        for run in predicted:
            tallies[run[0]].update(("predicted",) if _overlaps_own(run, true) else ("predicted", "extra"))
    return {name: SlotErrors(**tally) for name, tally in sorted(tallies.items())}


def cases_with_slot_errors(cases: Iterable[Case], slot: str) -> list[Case]:
    """The utterances in which a span of the slot is true and not predicted, or predicted and not true."""
    return [
        case
        for case in cases
        for true, predicted in [spans_of(case)]
        if any(name == slot for name, _, _ in true ^ predicted)
    ]


def most_confident(cases: Sequence[Case], limit: int) -> list[Case]:
    """At most `limit` of the cases: the most confident ones, every locale in turn."""
    ranked = sorted(cases, key=lambda case: -case.frame.confidence)
    seen: Counter[str] = Counter()
    places = []
    for order, case in enumerate(ranked):
        places.append((seen[case.example.locale], order))
        seen[case.example.locale] += 1
    return [ranked[order] for _, order in sorted(places)[:limit]]


def spans_of(case: Case) -> tuple[set[Run], set[Run]]:
    """The true and the predicted slots of an utterance as (name, first, last + 1) in tokens by MASSIVE's rule."""
    text, locale = case.example.text, case.example.locale
    true, predicted = (
        runs(text, locale, trimmed(text, slots)) for slots in (case.example.slots, case.frame.slots)
    )
    return true, predicted


def by_errors(errors: Mapping[str, SlotErrors]) -> list[tuple[str, SlotErrors]]:
    """Slots by their number of wrong spans, the most first."""
    return sorted(errors.items(), key=lambda entry: (-entry[1].wrong, entry[0]))


def _outcome(run: Run, predicted: set[Run]) -> str:
    """Whether a true span is right, moved, renamed or missed."""
    if run in predicted:
        return "right"
    if _overlaps_own(run, predicted):
        return "moved"
    return "renamed" if any(_overlap(run, other) for other in predicted) else "missed"


def _overlaps_own(run: Run, others: Iterable[Run]) -> bool:
    """Whether a span overlaps one of the same slot."""
    return any(run[0] == other[0] and _overlap(run, other) for other in others)


def _overlap(one: Run, other: Run) -> bool:
    return one[1] < other[2] and other[1] < one[2]
