"""Every kind of noise: slots stay true, nothing becomes empty, and the seed decides."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.noise import KINDS
from polyparse.corpora.noise.kinds import SPOKEN, measured_kinds_of
from polyparse.text.tokens import normalise
from tests.polyparse.corpora.annotated import example_of
from tests.polyparse.corpora.noise.examples import examples
from tests.train import corpus

NAMES = (*KINDS, *SPOKEN, "code_mixing")
IN_PLACE = ("typo", "function_word", "code_mixing")
"""Kinds that change one stretch of the text."""
fewer = settings(max_examples=40)
"""Of each kind, for utterances are slow to draw."""


def pieces(example: Example) -> list[str]:
    """What stands between the slots and in them, by turns."""
    actual, read = [], 0
    for span in example.slots:
        actual += [example.text[read : span.start], example.text[span.start : span.end]]
        read = span.end
    return [*actual, example.text[read:]]


@pytest.mark.parametrize("name", NAMES)
@fewer
@given(example=examples, others=st.lists(examples, max_size=4), seed=st.integers(0, 999))
def test_slots_keep_name_order_and_a_value_and_the_rest_of_the_example_stays(
    name: str, example: Example, others: list[Example], seed: int
) -> None:
    noisy = measured_kinds_of([example, *others])[name](example, Random(seed))
    if noisy is None:
        return
    assert noisy.text != example.text
    assert noisy.text.strip()
    assert [span.name for span in noisy.slots] == [span.name for span in example.slots]
    ends = [0, *(end for span in noisy.slots for end in (span.start, span.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(noisy.text)
    assert all(noisy.text[span.start : span.end].strip() for span in noisy.slots)
    assert (noisy.id, noisy.locale, noisy.domain, noisy.intent) == (
        example.id,
        example.locale,
        example.domain,
        example.intent,
    )


@pytest.mark.parametrize("name", IN_PLACE)
@fewer
@given(example=examples, others=st.lists(examples, max_size=4), seed=st.integers(0, 999))
def test_a_change_in_one_place_leaves_every_other_piece_alone(
    name: str, example: Example, others: list[Example], seed: int
) -> None:
    noisy = measured_kinds_of([example, *others])[name](example, Random(seed))
    if noisy is not None:
        pairs = zip(pieces(example), pieces(noisy), strict=True)
        assert sum(before != after for before, after in pairs) == 1


@pytest.mark.parametrize("name", ["diacritics", "upper_case", "romanised"])
@given(example=examples, seed=st.integers(0, 999))
def test_other_letters_for_a_slot_are_other_letters_for_its_value(
    name: str, example: Example, seed: int
) -> None:
    noisy = KINDS[name](example, Random(seed))
    if noisy is None:
        return
    for before, after in zip(example.slots, noisy.slots, strict=True):
        value = example.text[before.start : before.end]
        alone = KINDS[name](type(example)("0", value, example.locale, "train", None, None, ()), Random(seed))
        assert noisy.text[after.start : after.end] == (alone.text if alone else value)


@pytest.mark.parametrize("name", NAMES)
def test_the_state_of_chance_decides(name: str) -> None:
    utterances = [*corpus.examples(), example_of("wake me in [time : ten minutes] please", "en-US")]
    noise = measured_kinds_of(utterances)[name]
    drawn = [[noise(e, Random(seed)) for e in utterances] for seed in (1, 1)]
    assert drawn[0] == drawn[1]
    assert any(drawn[0])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("¿lloverá mañana en españa?", "¿llovera manana en espana?"),
        ("è già lunedì", "e gia lunedi"),
        ("ज़रा आवाज़ बढ़ाओ", "जरा आवाज बढाओ"),
        ("\u095bरा", "जरा"),
        ("कहाँ", "कहां"),
    ],
)
def test_diacritics_go_as_people_leave_them_out(before: str, after: str) -> None:
    (example,) = (e for e in corpus.examples() if e.id == "1" and e.locale == "es-ES")
    noisy = KINDS["diacritics"](type(example)("1", before, "es-ES", "train", None, None, ()), Random(1))
    assert noisy is not None
    assert noisy.text == after


@pytest.mark.parametrize("name", ["diacritics", "marks", "romanised"])
def test_a_slot_that_is_nothing_but_a_mark_stays(name: str) -> None:
    slot = TextSpan("time", 10, 11)
    noisy = KINDS[name](Example("1", "ज़रा कहाँ \u093c", "hi-IN", "train", None, None, (slot,)), Random(1))
    assert noisy is not None
    (actual,) = noisy.slots
    assert noisy.text[actual.start : actual.end] == "\u093c"


@pytest.mark.parametrize("text", ["qué tiempo hace", "wake me at seven", "è già lunedì"])
def test_upper_case_is_normalised_away(text: str) -> None:
    example = type(corpus.examples()[0])("1", text, "es-ES", "train", None, None, ())
    noisy = KINDS["upper_case"](example, Random(1))
    assert noisy is not None
    assert normalise(noisy.text) == normalise(text)
