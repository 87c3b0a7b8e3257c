"""Slots as conlleval scores them: spans over a corpus's own tokens, right where name, first and last token are right.

Where MASSIVE's rule merges neighbours of one slot, and frames have no marks at their edges, spans here are those of the
corpus's tags. Its tokens are what single spaces part in a text: readers of tagged corpora join them so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from polyparse.contract.tags import OUTSIDE, TokenSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.evaluation.evaluate import Case
    from polyparse.evaluation.spans import NamedSpan

GOES_ON = frozenset("IEL")
ENDS = frozenset("ESLU")


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Integers that add; measures are fractions, None where there is nothing to measure."""

    true: int = 0
    predicted: int = 0
    right: int = 0

    def __add__(self, other: SpanCounts) -> SpanCounts:
        return SpanCounts(self.true + other.true, self.predicted + other.predicted, self.right + other.right)

    def measures(self) -> dict[str, float | None]:
        """Micro-averaged, by their keys in metrics.json."""
        return {
            "precision": self.right / self.predicted if self.predicted else None,
            "recall": self.right / self.true if self.true else None,
            "f1": 2 * self.right / (self.true + self.predicted) if self.true + self.predicted else None,
        }


def score_tags(true: Sequence[str], predicted: Sequence[str]) -> SpanCounts:
    """The counts of one sentence from two tags a token, of IOB1, IOB2, IOBES or BILOU each.

    Raises ValueError where the numbers of tags differ.
    """
    if len(true) != len(predicted):
        raise ValueError(f"found {len(predicted)} tags, expected {len(true)}, one for each token")
    return _counts(tagged_spans(true), tagged_spans(predicted))


def tagged_spans(tags: Sequence[str]) -> set[TokenSpan]:
    """The spans of the tags, as conlleval reads them: an I- that follows no tag of its name begins a span."""
    spans: list[TokenSpan] = []
    before, name_before = OUTSIDE, ""
    for index, tag in enumerate(tags):
        letter, _, name = tag.partition("-")
        goes_on = letter in GOES_ON and before not in ENDS and before != OUTSIDE and name == name_before
        if goes_on:
            spans[-1] = spans[-1]._replace(end=index + 1)
        elif tag != OUTSIDE:
            spans.append(TokenSpan(name, index, index + 1))
        before, name_before = letter, name
    return set(spans)


def tags_of(text: str, slots: Iterable[NamedSpan]) -> list[str]:
    """IOB2 tags of the text's own tokens: a span has the tokens that it covers in part, of two the first has a token."""
    lengths = [len(token) for token in text.split(" ")]
    ends = [end + place for place, end in enumerate(accumulate(lengths))]
    tags = [OUTSIDE] * len(lengths)
    for slot in sorted(slots, key=lambda slot: slot.start):
        letter = "B"
        for index, (length, end) in enumerate(zip(lengths, ends, strict=True)):
            if slot.start < end and end - length < slot.end and tags[index] == OUTSIDE:
                tags[index], letter = f"{letter}-{slot.name}", "I"
    return tags


def span_measures(cases: Iterable[Case]) -> dict[str, float | None]:
    """Precision, recall and F1 of the frames of a tagged corpus."""
    counts = SpanCounts()
    for example, frame in cases:
        counts += score_tags(tags_of(example.text, example.slots), tags_of(frame.text, frame.slots))
    return counts.measures()


def _counts(true: set[TokenSpan], predicted: set[TokenSpan]) -> SpanCounts:
    return SpanCounts(len(true), len(predicted), len(true & predicted))
