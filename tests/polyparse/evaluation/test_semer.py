"""SEMER against cases worked by hand: each row draws truth and prediction over the same text."""

from __future__ import annotations

from itertools import groupby, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Choice, Frame, Slot
from polyparse.corpora.read import Example, TextSpan
from polyparse.evaluation.measures import Counts, measures, score
from polyparse.evaluation.semer import slot_errors
from polyparse.evaluation.spans import SlotSpan


def drawn(picture: str) -> list[SlotSpan]:
    """One letter a code point: "aa.b" is a slot a over [0, 2) and a slot b over [3, 4); "." is no slot."""
    spans, at = [], 0
    for name, group in groupby(picture):
        length = len(list(group))
        if name != ".":
            spans.append(SlotSpan(at, at + length, name))
        at += length
    return spans


@pytest.mark.parametrize(
    ("true", "predicted", "errors", "why"),
    [
        ("......", "......", 0, "nothing to find, nothing found"),
        ("aa.bbb", "aa.bbb", 0, "all right"),
        ("aa.bbb", "aa....", 1, "b deleted"),
        ("aa....", "aa.bbb", 1, "b inserted"),
        ("aa....", "....aa", 2, "apart: a deleted, a inserted"),
        ("aaa...", "bbb...", 1, "wrong name: one substitution"),
        ("aaa...", ".aa...", 1, "wrong span: one substitution"),
        ("aaa...", "..bb..", 1, "wrong in both, but they overlap: one substitution"),
        ("aaa...", "...bbb", 2, "side by side is no overlap"),
        ("aaaa..", "abbb..", 2, "one true slot pairs once: a substituted, the other inserted"),
        ("abbb..", "aaaa..", 2, "one predicted slot pairs once: one substituted, the other deleted"),
        ("aabb..", "bbaa..", 2, "two substitutions"),
        ("aabbcc", ".aabbc", 3, "three substitutions, each with its own"),
        ("aa.bbb", "aaa.bb", 2, "both spans wrong: two substitutions"),
        ("aabbb.", "aacc.d", 2, "a right, b substituted, d inserted"),
    ],
)
def test_slot_errors_worked_by_hand(true: str, predicted: str, errors: int, why: str) -> None:
    assert slot_errors(drawn(true), drawn(predicted)) == errors, why


def counts(true: str, predicted: str, *, intent: str, choice: str | None) -> Counts:
    text = "x" * len(true)
    gold = Example(
        "1", text, "en-US", "dev", None, intent, tuple(TextSpan(s.name, s.start, s.end) for s in drawn(true))
    )
    slots = tuple(Slot(s.name, text[s.start : s.end], s.start, s.end, 1.0) for s in drawn(predicted))
    return score(gold, Frame(text, "en-US", None, Choice(choice, 1.0) if choice else None, slots, 1.0))


@pytest.mark.parametrize(
    ("true", "predicted", "choice", "errors", "reference"),
    [
        ("aa.bb", "aa.bb", "play", 0, 3),
        ("aa.bb", "aa.bb", "stop", 1, 3),
        ("aa.bb", "aa.bb", None, 1, 3),
        ("aa.bb", "aa...", "stop", 2, 3),
        (".....", "aa.bb", "stop", 3, 1),
    ],
)
def test_an_intent_is_one_more_reference_and_a_wrong_one_a_substitution(
    true: str, predicted: str, choice: str | None, errors: int, reference: int
) -> None:
    actual = counts(true, predicted, intent="play", choice=choice)
    assert (actual.semer_errors, actual.semer_reference) == (errors, reference)


def test_errors_are_summed_over_utterances_before_dividing() -> None:
    total = counts("aa.bb", "aa...", intent="play", choice="play") + counts(
        ".....", "a....", intent="play", choice="stop"
    )
    assert measures(total)["semer"] == (1 + 2) / (3 + 1)


PICTURES = st.text("ab.", min_size=6, max_size=6).map(drawn)


@given(PICTURES, PICTURES)
def test_errors_are_those_of_the_best_pairing(true: list[SlotSpan], predicted: list[SlotSpan]) -> None:
    """The slow twin tries every way to pair the wrong slots."""
    few, many = sorted([set(true) - set(predicted), set(predicted) - set(true)], key=len)
    best = max(
        sum(a.start < b.end and b.start < a.end for a, b in zip(few, order, strict=False))
        for order in permutations(many, len(few))
    )
    assert slot_errors(true, predicted) == len(few) + len(many) - best
