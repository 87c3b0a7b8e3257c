"""MASSIVE's slot measure: its tokens, its merging, and the same F1 as seqeval's."""

from __future__ import annotations

import random

import pytest
from seqeval.metrics import f1_score  # type: ignore[import-untyped] # ships no types

from polyparse.contract.frame import Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.massive_slots import runs
from polyparse.evaluation.measures import Counts, measures, score


@pytest.mark.parametrize(
    ("text", "locale", "spans", "expected"),
    [
        ("wake me at nine", "en-US", [], set()),
        ("wake me at nine", "en-US", [("time", 11, 15)], {("time", 3, 4)}),
        ("wake me at nine am", "en-US", [("time", 11, 18)], {("time", 3, 5)}),
        ("wake me at nine am", "en-US", [("time", 11, 15), ("time", 16, 18)], {("time", 3, 5)}),
        (
            "wake me at nine am",
            "en-US",
            [("time", 11, 15), ("date", 16, 18)],
            {("time", 3, 4), ("date", 4, 5)},
        ),
        ("wake me at nine am", "en-US", [("time", 13, 17)], {("time", 3, 5)}),
        ("nell'ufficio ora", "it-IT", [("place", 5, 12)], {("place", 0, 1)}),
        ("nell'ufficio ora", "it-IT", [("place", 5, 12), ("date", 0, 5)], {("date", 0, 1)}),
        ("金曜日の午前", "ja-JP", [("date", 0, 3), ("time", 4, 6)], {("date", 0, 3), ("time", 4, 6)}),
        ("金曜日 の 午前", "ja-JP", [("date", 0, 3), ("time", 6, 8)], {("date", 0, 3), ("time", 4, 6)}),
        ("周五上午", "zh-CN", [("date", 0, 2)], {("date", 0, 2)}),
        ("วันศุกร์ เช้า", "th-TH", [("date", 0, 8)], {("date", 0, 1)}),
    ],
)
def test_spans_become_runs_of_tokens(
    text: str, locale: str, spans: list[tuple[str, int, int]], expected: set[tuple[str, int, int]]
) -> None:
    assert runs(text, locale, [TextSpan(*span) for span in spans]) == expected


Labels = list[str | None]


def bio(labels: Labels) -> list[str]:
    """By run length, as MASSIVE does."""
    pairs = zip([None, *labels], labels, strict=False)
    return ["O" if new is None else f"{'I' if new == old else 'B'}-{new}" for old, new in pairs]


def spans(labels: Labels) -> list[TextSpan]:
    """One span a token: the tokens of "w w w" stand two code points apart."""
    return [TextSpan(name, 2 * i, 2 * i + 1) for i, name in enumerate(labels) if name is not None]


def counts(true: Labels, predicted: Labels) -> Counts:
    text = " ".join("w" * len(true))
    slots = tuple(Slot(span.name, "w", span.start, span.end, 1.0) for span in spans(predicted))
    gold = Example("1", text, "en-US", "dev", None, None, tuple(spans(true)))
    return score(gold, Frame(text, "en-US", None, None, slots, 1.0))


@pytest.mark.parametrize("seed", range(20))
def test_slot_f1_is_that_of_seqeval(seed: int) -> None:
    chance = random.Random(seed)
    names = [None, None, "time", "date", "place"]
    rows: list[tuple[Labels, Labels]] = []
    for _ in range(50):
        true = chance.choices(names, k=chance.randint(1, 12))
        rows.append((true, [chance.choice(names) if chance.random() < 0.3 else name for name in true]))
    total = sum((counts(true, predicted) for true, predicted in rows), start=Counts())
    expected = f1_score([bio(true) for true, _ in rows], [bio(predicted) for _, predicted in rows])
    assert measures(total)["slot_f1"] == pytest.approx(expected, abs=1e-12)
    assert 0 < expected < 1
