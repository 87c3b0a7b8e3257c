"""Hindi as chats spell it: several spellings a word, Latin letters alone, and none of the styles of training."""

from __future__ import annotations

from random import Random

import pytest

from polyparse.corpora.noise.chat import chat_spelled
from polyparse.corpora.noise.romanisation import draw_style, romanise
from tests.polyparse.corpora.annotated import annotated, example_of


def spellings(text: str, locale: str = "hi-IN") -> set[str]:
    noisy = [chat_spelled(example_of(text, locale), Random(seed)) for seed in range(400)]
    return {annotated(each) for each in noisy if each}


@pytest.mark.parametrize(
    ("word", "typed"),
    [
        ("है", {"hai", "he"}),
        ("क्या", {"kya", "kia"}),
        ("करो", {"karo", "kro", "karoo"}),
        ("मुझे", {"mujhe", "muje", "mujhey"}),
        ("ज़रा", {"zara", "zra", "jara"}),
    ],
)
def test_a_word_has_several_spellings(word: str, typed: set[str]) -> None:
    assert spellings(word) == typed


def test_most_words_have_one_that_no_style_of_training_has() -> None:
    words = ["है", "क्या", "करो", "मुझे", "नहीं", "याद", "मैं", "मेरे", "बताओ", "कर", "सकते", "आज", "अलार्म", "संगीत"]
    styles = [draw_style(Random(seed)) for seed in range(400)]
    new = [word for word in words if spellings(word) - {romanise(word, style) for style in styles}]
    assert len(new) > len(words) * 0.8


def test_slots_are_spelled_and_other_scripts_stay() -> None:
    actual = spellings("[date : कल] play [artist : nina simone] सुनाओ")
    assert len(actual) > 3
    assert all("play [artist : nina simone]" in text and text.isascii() for text in actual)
    assert all(text.startswith("[date : k") for text in actual)
    assert spellings("wake me up", "en-US") == set()
