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
from polyparse.inference.slots import slots_of_path
from polyparse.text.addresses import AREA_CODE
from polyparse.text.tokens import normalise
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
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


def pieces(item: Item, first: int, end: int) -> list[tuple[int, int]]:
    """The slow twin: the tokens of a span, cut wherever the text between two of them ends a phrase."""
    text = item.utterance.text
    telephones = [range(*found.span()) for found in AREA_CODE.finditer(text)]
    cuts = []
    for token in range(first + 1, end):
        gap = range(item.ends[token - 1], item.starts[token])
        is_inside = any({gap.start - 1, *gap, gap.stop} <= set(each) for each in telephones)
        if not is_inside and ends_phrase(text[: gap.start], text[gap.start : gap.stop]):
            cuts.append(token)
    spans = list(pairwise([first, *cuts, end]))
    return [(a, b) for a, b in spans if any(map(str.isalnum, text[item.starts[a] : item.ends[b - 1]]))]


def ends_phrase(before: str, gap: str) -> bool:
    return (
        any(mark in gap for mark in "!?।॥。！？…()[]{}")
        or ".." in gap
        or any(
            mark == "."
            and not any(map(str.isspace, (before + gap[:place])[-4:]))
            and len(before + gap[:place]) >= 4
            for place, mark in enumerate(gap)
        )
    )


def start_of(item: Item, first: int, end: int) -> int:
    """Where a value begins: at its first token, or at the bracket before an area code."""
    text, start = item.utterance.text, item.starts[first]
    opened = any(found.start() == start - 1 for found in AREA_CODE.finditer(text))
    return start - 1 if opened and ")" in text[start : item.ends[end - 1]] else start


@given(paths())
def test_a_slot_is_the_slice_of_the_text_that_its_tokens_span(
    case: tuple[Item, str, list[str], list[float]],
) -> None:
    item, name, tags, marginals = case
    text = item.utterance.text
    spans = SCHEMES[name].decode(tags)
    slots = slots_of_path(item, tags, marginals, SCHEMES[name])
    assert [(slot.name, slot.start, slot.end) for slot in slots] == [
        (span.name, start_of(item, first, end), item.ends[end - 1])
        for span in spans
        for first, end in pieces(item, span.start, span.end)
    ]
    assert all(slot.value == text[slot.start : slot.end] and normalise(slot.value) for slot in slots)
    assert all(left.end <= right.start for left, right in pairwise(slots))


@given(paths())
def test_a_slot_is_as_sure_as_its_tags_together(case: tuple[Item, str, list[str], list[float]]) -> None:
    item, name, tags, marginals = case
    spans = SCHEMES[name].decode(tags)
    slots = slots_of_path(item, tags, marginals, SCHEMES[name])
    remaining = [piece for span in spans for piece in pieces(item, span.start, span.end)]
    expected = [prod(marginals[first:end]) for first, end in remaining]
    assert [slot.confidence for slot in slots] == pytest.approx(expected)
    assert all(0.0 <= slot.confidence <= 1.0 for slot in slots)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("7am!!!", ["7am"]),
        ("¿mañana?", ["mañana"]),
        ('"thriller"', ["thriller"]),
        ("siete p. m.", ["siete p. m."]),
        ("कल सुबह।", ["कल सुबह"]),
        ("a, b", ["a, b"]),
        ("shakira. ya", ["shakira", "ya"]),
        ("roma... baratos", ["roma", "baratos"]),
        ("garage.now", ["garage", "now"]),
        ("jolene (live)", ["jolene", "live"]),
        ("mr. smith", ["mr. smith"]),
        ("(555) 123-4567", ["(555) 123-4567"]),
        ("+1 (555) 123 45 67 now", ["+1 (555) 123 45 67 now"]),
        ("(०६)१२३४५६७", ["(०६)१२३४५६७"]),
        ("999 (2019)", ["999", "2019"]),
        ("(7) 8 pm", ["7", "8 pm"]),
        ("jolene (1) two", ["jolene", "1", "two"]),
        ("george w. bush", ["george w. bush"]),
        ("मुंबई। कल", ["मुंबई", "कल"]),
        ("?!", []),
        ("🙂", []),
    ],
)
def test_a_slot_ends_where_a_phrase_does(text: str, values: list[str]) -> None:
    item = item_of(text)
    slots = slots_of_path(item, ["I-date"] * item.n_tokens, [1.0] * item.n_tokens, SCHEMES["IO"])
    assert [slot.value for slot in slots] == values


def test_an_illegal_path_is_repaired() -> None:
    item = item_of("Wecke  mich um Sieben Uhr!")
    tags = ["O", "O", "O", "I-date", "I-date"]
    assert slots_of_path(item, tags, [1, 1, 1, 0.5, 0.5], SCHEMES["BIO"]) == (
        Slot("date", "Sieben Uhr", 15, 25, 0.25),
    )


def test_a_marginal_that_rounding_left_above_one_gives_no_confidence_above_one() -> None:
    (slot,) = slots_of_path(item_of("today"), ["S-date"], [1.0000001], SCHEMES["BIOES"])
    assert slot.confidence == 1.0


def test_a_path_that_is_all_outside_has_no_slots() -> None:
    assert slots_of_path(item_of("hello there"), ["O", "O"], [1.0, 1.0], SCHEMES["BIO"]) == ()


def test_of_two_slots_in_one_place_the_first_stays() -> None:
    """The words that say a number have its place in the text, and a path of tags may part them."""
    reads = Vectorizer(Vocabulary(("twenty", "five"), ""), None, read_numbers=("en-US",))
    item = reads.item(Utterance("at 25 now", "en-US"))
    assert [item.utterance.text[s:e] for s, e in zip(item.starts, item.ends, strict=True)] == [
        "at",
        "25",
        "25",
        "now",
    ]
    bio = SCHEMES["BIO"]
    parted = slots_of_path(item, ["O", "B-time", "B-date", "I-date"], [1.0] * 4, bio)
    assert parted == (Slot("time", "25", 3, 5, 1.0),)
    second = slots_of_path(item, ["O", "O", "B-date", "I-date"], [1.0] * 4, bio)
    assert second == (Slot("date", "25 now", 3, 9, 1.0),)
