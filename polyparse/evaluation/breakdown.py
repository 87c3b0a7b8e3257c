"""Where a model is right and wrong: accuracy by domain and intent, intents confused, slots by kind of error. Pure counts.

Slots are compared as design section 5 has it for slot F1 (MASSIVE's rule), so that the counts of all slots add up to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from polyparse.evaluation.massive_slots import runs
from polyparse.evaluation.score import Counts, score
from polyparse.evaluation.spans import trimmed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example

    Run = tuple[str, int, int]


class Case(NamedTuple):
    """An utterance with its truth, and what was found in it."""

    example: Example
    frame: Frame


class Confusion(NamedTuple):
    """Utterances of one intent that were given another (None: no intent); `cases` in the order of the corpus."""

    true: str
    found: str | None
    cases: list[Case]


@dataclass(frozen=True)
class SlotErrors:
    """Spans of one slot. True ones are right, missed, renamed or moved; found ones are right or wrong, some of them extra.

    Missed: nothing was found there. Renamed: only other slots were. Moved: the slot was, with other ends. Extra: found
    where no such slot is, in part or whole.
    """

    true: int = 0
    found: int = 0
    right: int = 0
    missed: int = 0
    renamed: int = 0
    moved: int = 0
    extra: int = 0

    @property
    def precision(self) -> float | None:
        """The share of found spans that are right."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """The share of true spans that were found."""
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of both."""
        return 2 * self.right / (self.true + self.found) if self.true + self.found else None

    @property
    def wrong(self) -> int:
        """Spans that cost F1: true ones not found, and found ones not true."""
        return self.true + self.found - 2 * self.right


def counts_by(label: Callable[[Example], str | None], cases: Iterable[Case]) -> dict[str, Counts]:
    """Counts of the utterances with each true label, in order of their names; utterances without one are left out."""
    found: defaultdict[str, Counts] = defaultdict(Counts)
    for case in cases:
        if (name := label(case.example)) is not None:
            found[name] += score(case.example, case.frame)
    return dict(sorted(found.items()))


def confusions(cases: Iterable[Case]) -> list[Confusion]:
    """Every pair of true and other intent, the most frequent first."""
    found: defaultdict[tuple[str, str | None], list[Case]] = defaultdict(list)
    for case in cases:
        choice = case.frame.intent
        true, other = case.example.intent, None if choice is None else choice.name
        if true is not None and true != other:
            found[true, other].append(case)
    ranked = sorted(found.items(), key=lambda entry: (-len(entry[1]), entry[0][0], entry[0][1] or ""))
    return [Confusion(true, other, confused) for (true, other), confused in ranked]


def slot_errors(cases: Iterable[Case]) -> dict[str, SlotErrors]:
    """Errors of each slot that is true or found somewhere, in order of their names."""
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        true, found = spans_of(case)
        for run in true:
            tallies[run[0]].update(("true", _fate(run, found)))
        for run in found:
            tallies[run[0]].update(("found",) if _meets(run, true) else ("found", "extra"))
    return {name: SlotErrors(**tally) for name, tally in sorted(tallies.items())}


def mistaken(cases: Iterable[Case], slot: str) -> list[Case]:
    """The utterances in which a span of the slot is true and not found, or found and not true."""
    return [
        case
        for case in cases
        for true, found in [spans_of(case)]
        if any(name == slot for name, _, _ in true ^ found)
    ]


def telling(cases: Sequence[Case], limit: int) -> list[Case]:
    """At most `limit` of the cases: those of which the model was surest, every locale in turn."""
    ranked = sorted(cases, key=lambda case: -case.frame.confidence)
    seen: Counter[str] = Counter()
    places = []
    for order, case in enumerate(ranked):
        places.append((seen[case.example.locale], order))
        seen[case.example.locale] += 1
    return [ranked[order] for _, order in sorted(places)[:limit]]


def spans_of(case: Case) -> tuple[set[Run], set[Run]]:
    """The true and the found slots of an utterance as (name, first, last + 1) in tokens by MASSIVE's rule."""
    text, locale = case.example.text, case.example.locale
    true, found = (
        runs(text, locale, trimmed(text, slots)) for slots in (case.example.slots, case.frame.slots)
    )
    return true, found


def by_errors(errors: Mapping[str, SlotErrors]) -> list[tuple[str, SlotErrors]]:
    """Slots by how much they cost, the worst first."""
    return sorted(errors.items(), key=lambda entry: (-entry[1].wrong, entry[0]))


def _fate(run: Run, found: set[Run]) -> str:
    """What became of a true span."""
    if run in found:
        return "right"
    if _meets(run, found):
        return "moved"
    return "renamed" if any(_overlap(run, other) for other in found) else "missed"


def _meets(run: Run, others: Iterable[Run]) -> bool:
    """Whether a span overlaps one of its own name."""
    return any(run[0] == other[0] and _overlap(run, other) for other in others)


def _overlap(one: Run, other: Run) -> bool:
    return one[1] < other[2] and other[1] < one[2]
