"""Wake words, politeness, repetition and a lost end: words come and go outside the slots."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.noise.speech import FILLERS, PHRASES, filler, please, repeated, tail_cut, wake_word
from tests.polyparse.corpora.annotated import annotated, example_of

if TYPE_CHECKING:
    from polyparse.corpora.noise import Noise

LANGUAGES = ("en", "es", "it", "hi")


def drawn(kind: Noise, text: str, locale: str = "en-US") -> set[str]:
    noisy = [kind(example_of(text, locale), Random(seed)) for seed in range(300)]
    return {annotated(each) for each in noisy if each}


def test_every_language_has_every_kind_of_phrase() -> None:
    kinds = {kind for _, kind in PHRASES}
    assert kinds == {"wake", "first", "last", "hesitation", "tail"}
    assert PHRASES.keys() == {(language, kind) for language in LANGUAGES for kind in kinds}


def test_a_wake_word_comes_first_even_before_a_slot() -> None:
    assert drawn(wake_word, "[time : noon] alarm") == {
        f"{phrase}{end} [time : noon] alarm" for phrase in PHRASES["en", "wake"] for end in ("", ",")
    }


def test_politeness_stands_at_an_end_and_hesitation_never_inside_a_slot() -> None:
    actual = drawn(please, "set [time : ten past two] alarm")
    hesitant = {
        text
        for phrase in PHRASES["en", "hesitation"]
        for text in (
            f"{phrase} set [time : ten past two] alarm",
            f"set {phrase} [time : ten past two] alarm",
            f"set [time : ten past two] {phrase} alarm",
        )
    }
    assert actual == hesitant | {
        *(f"{phrase} set [time : ten past two] alarm" for phrase in PHRASES["en", "first"]),
        *(f"set [time : ten past two] alarm {phrase}" for phrase in PHRASES["en", "last"]),
    }


def test_training_has_phrases_of_its_own() -> None:
    kinds = ("first", "last", "hesitation")
    assert FILLERS.keys() == {(language, kind) for language in LANGUAGES for kind in kinds}
    for language in LANGUAGES:
        learnt, judged = (
            {phrase for kind in kinds for phrase in of[language, kind]} for of in (FILLERS, PHRASES)
        )
        assert len(learnt) > len(judged)
        assert not learnt & judged
    assert drawn(filler, "[time : noon]") == {
        *(f"{phrase} [time : noon]" for kind in ("first", "hesitation") for phrase in FILLERS["en", kind]),
        *(f"[time : noon] {phrase}" for phrase in FILLERS["en", "last"]),
    }


def test_hesitation_may_stand_between_two_slots_that_touch() -> None:
    assert "[date : monday] um [time : noon]" in drawn(please, "[date : monday] [time : noon]")


def test_words_outside_the_slots_are_said_twice() -> None:
    assert drawn(repeated, "set an [time : noon] alarm") == {
        "set set an [time : noon] alarm",
        "set an an [time : noon] alarm",
        "set an set an [time : noon] alarm",
        "set an [time : noon] alarm alarm",
    }
    assert drawn(repeated, "[time : noon]") == set()
    assert drawn(repeated, "all'[time : una]", "it-IT") == set()


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("en-US", "wake me at [time : six] please", {"wake me at [time : six]"}),
        (
            "en-US",
            "make a new list for me please",
            {"make a new list", "make a new list for", "make a new list for me"},
        ),
        ("en-US", "wake me at [time : six]", set()),
        ("en-US", "turn the light on", set()),
        ("en-US", "play [song_name : let it be please]", set()),
        ("en-US", "call me", set()),
        ("en-US", "who are you", {"who are"}),
        ("it-IT", "dimmi che ora è adesso", {"dimmi che ora", "dimmi che ora è"}),
        ("hi-IN", "[place_name : दिल्ली] में मौसम कैसा है", {"[place_name : दिल्ली] में मौसम कैसा"}),
        ("es-ES", "pon música por favor", {"pon música", "pon música por"}),
        ("de-DE", "mach das licht an bitte", set()),
    ],
)
def test_only_what_follows_the_last_slot_and_intent_word_is_cut(
    locale: str, text: str, expected: set[str]
) -> None:
    assert drawn(tail_cut, text, locale) == expected
