"""A path of tags becomes slots that are slices of the caller's own text."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Slot, Utterance
from polyparse.contract.tags import SCHEMES
from polyparse.inference.slots import MARKS, slots_of_path
from polyparse.text.tokens import normalise
from tests.networks import vectorizer_of
from tests.strategies import utterances

if TYPE_CHECKING:
    from polyparse.text.vectorizer import Item

VECTORIZER = vectorizer_of()
SLOTS = ("date", "place-name")


def item_of(text: str) -> Item:
    return VECTORIZER.item(Utterance(text))


@st.composite
def paths(draw: st.DrawFn) -> tuple[Item, str, list[str], list[float]]:
    """An item, a scheme's name, and any tags with their marginals, legal or not."""
    item = item_of(draw(utterances))
    name = draw(st.sampled_from(sorted(SCHEMES)))
    tags = draw(
        st.lists(st.sampled_from(SCHEMES[name].tags(SLOTS)), min_size=item.n_tokens, max_size=item.n_tokens)
    )
    marginals = draw(st.lists(st.floats(0, 1), min_size=item.n_tokens, max_size=item.n_tokens))
    return item, name, tags, marginals


def within_marks(item: Item, first: int, end: int) -> tuple[int, int]:
    """The span without marks at its edges, told from each token's text."""

    def is_mark(token: int) -> bool:
        text = item.utterance.text[item.starts[token] : item.ends[token]]
        stop = text == "." and token == item.n_tokens - 1
        after_letter = token > 0 and item.ends[token - 1] - item.starts[token - 1] == 1
        return text[0] in MARKS or (stop and not after_letter)

    while end - first > 1 and is_mark(end - 1):
        end -= 1
    while end - first > 1 and item.utterance.text[item.starts[first]] in MARKS:
        first += 1
    return first, end


@given(paths())
def test_a_slot_is_the_slice_of_the_text_that_its_tokens_span(
    case: tuple[Item, str, list[str], list[float]],
) -> None:
    item, name, tags, marginals = case
    text = item.utterance.text
    spans = SCHEMES[name].decode(tags)
    slots = slots_of_path(item, tags, marginals, SCHEMES[name])
    assert [(slot.name, slot.start, slot.end) for slot in slots] == [
        (span.name, item.starts[first], item.ends[end - 1])
        for span in spans
        for first, end in [within_marks(item, span.start, span.end)]
    ]
    assert all(slot.value == text[slot.start : slot.end] and normalise(slot.value) for slot in slots)
    assert all(left.end <= right.start for left, right in pairwise(slots))


@given(paths())
def test_a_slot_is_as_sure_as_its_tags_together(case: tuple[Item, str, list[str], list[float]]) -> None:
    item, name, tags, marginals = case
    spans = SCHEMES[name].decode(tags)
    slots = slots_of_path(item, tags, marginals, SCHEMES[name])
    kept = [within_marks(item, span.start, span.end) for span in spans]
    expected = [prod(marginals[first:end]) for first, end in kept]
    assert [slot.confidence for slot in slots] == pytest.approx(expected)
    assert all(0.0 <= slot.confidence <= 1.0 for slot in slots)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7am!!!", "7am"),
        ("¿mañana?", "mañana"),
        ('"thriller"', "thriller"),
        ("seven.", "seven"),
        ("siete p. m.", "siete p. m."),
        ("कल सुबह।", "कल सुबह"),
        ("a, b", "a, b"),
        ("?!", "?"),
    ],
)
def test_marks_at_the_edges_are_not_part_of_a_value(text: str, value: str) -> None:
    item = item_of(text)
    (slot,) = slots_of_path(item, ["I-date"] * item.n_tokens, [1.0] * item.n_tokens, SCHEMES["IO"])
    assert slot.value == value


def test_an_illegal_path_is_repaired() -> None:
    item = item_of("Wecke  mich um Sieben Uhr!")
    tags = ["O", "O", "O", "I-date", "I-date", "O"]
    assert slots_of_path(item, tags, [1, 1, 1, 0.5, 0.5, 1], SCHEMES["BIO"]) == (
        Slot("date", "Sieben Uhr", 15, 25, 0.25),
    )


def test_a_marginal_that_rounding_left_above_one_gives_no_confidence_above_one() -> None:
    (slot,) = slots_of_path(item_of("today"), ["S-date"], [1.0000001], SCHEMES["BIOES"])
    assert slot.confidence == 1.0


def test_a_path_that_is_all_outside_has_no_slots() -> None:
    assert slots_of_path(item_of("hello there"), ["O", "O"], [1.0, 1.0], SCHEMES["BIO"]) == ()
