"""SEMER worked by hand: frames over one text of four words, with the errors and the reference that they should count."""

from __future__ import annotations

from typing import NamedTuple

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.example import Example, TextSpan
from polyparse.evaluation.measures import score

TEXT = "aa bb cc dd"
FIRST, SECOND = ("song", 0, 2), ("time", 6, 8)
RIGHT, WRONG = "play", "stop"
Spans = tuple[tuple[str, int, int], ...]


class SemerCase(NamedTuple):
    """Slots as they are and as they are predicted, (name, first, last + 1) in characters; the intent that is predicted."""

    says: str
    true: Spans
    predicted: Spans
    intent: str
    errors: int
    reference: int


CASES = (
    SemerCase("the right frame", (FIRST, SECOND), (FIRST, SECOND), RIGHT, 0, 3),
    SemerCase("the wrong intent, no slots", (), (), WRONG, 1, 1),
    SemerCase("one of two slots is missing", (FIRST, SECOND), (FIRST,), RIGHT, 1, 3),
    SemerCase("one of two slots has a wrong name", (FIRST, SECOND), (FIRST, ("date", 6, 8)), RIGHT, 1, 3),
    SemerCase(
        "one of two slots is too long by a token", (FIRST, SECOND), (FIRST, ("time", 6, 11)), RIGHT, 1, 3
    ),
    SemerCase("one span over both slots", (FIRST, SECOND), (("song", 0, 8),), RIGHT, 2, 3),
    SemerCase("two slots invented where there is none", (), (FIRST, SECOND), RIGHT, 2, 1),
)


def errors_of(case: SemerCase) -> tuple[int, int]:
    """The errors and the reference that the scorer counts."""
    gold = Example("1", TEXT, "en-US", "test", None, RIGHT, tuple(TextSpan(*span) for span in case.true))
    slots = tuple(Slot(name, TEXT[start:end], start, end, 1.0) for name, start, end in case.predicted)
    counts = score(gold, Frame(TEXT, "en-US", None, Choice(case.intent, 1.0), slots, 1.0))
    return counts.semer_errors, counts.semer_reference
