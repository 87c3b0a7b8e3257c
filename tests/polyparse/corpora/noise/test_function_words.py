"""Function words: whole words of the language go, with one space, and never all of a slot."""

from __future__ import annotations

from random import Random

import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.corpora.noise.function_words import FUNCTION_WORDS, function_word_dropped


def dropped(text: str, locale: str, *slots: TextSpan) -> set[tuple[str, ...]]:
    """What may come of it: the text, then the slots' values."""
    example = Example("1", text, locale, "train", None, None, slots)
    actual = [function_word_dropped(example, Random(seed)) for seed in range(40)]
    return {(e.text, *(e.text[s.start : s.end] for s in e.slots)) for e in actual if e}


def test_each_function_word_may_go_and_no_other() -> None:
    assert dropped("wake me at seven in the morning", "en-US") == {
        ("wake at seven in the morning",),
        ("wake me seven in the morning",),
        ("wake me at seven the morning",),
        ("wake me at seven in morning",),
    }
    assert dropped("wake up now", "en-US") == set()


@pytest.mark.parametrize(
    ("text", "start", "end", "expected"),
    [
        (
            "the day of the dead",
            0,
            10,
            {
                ("day of the dead", "day of"),
                ("the day the dead", "the day"),
                ("the day of dead", "the day of"),
            },
        ),
        (
            "party at the end of",
            9,
            19,
            {
                ("party the end of", "the end of"),
                ("party at end of", "end of"),
                ("party at the end", "the end"),
            },
        ),
        ("play it", 5, 7, set()),
    ],
)
def test_a_slot_keeps_what_is_left_of_it(
    text: str, start: int, end: int, expected: set[tuple[str, str]]
) -> None:
    assert dropped(text, "en-US", TextSpan("name", start, end)) == expected


def test_a_word_alone_or_of_a_language_without_a_list_stays() -> None:
    assert dropped("the", "en-US") == set()
    assert dropped("der tag", "de-DE") == set()


def test_case_does_not_matter() -> None:
    assert dropped("THE END", "en-US") == {("END",)}


@pytest.mark.parametrize("words", FUNCTION_WORDS.values(), ids=FUNCTION_WORDS)
def test_a_list_holds_single_small_words_and_none_that_turns_a_command_around(words: frozenset[str]) -> None:
    assert all(word == word.lower() and len(word.split()) == 1 for word in words)
    assert not words & {"not", "no", "non", "नहीं", "on", "off", "what", "qué", "che cosa", "क्या", "si"} - {
        "si"
    }
