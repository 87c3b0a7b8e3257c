"""The golden utterances: enough of them in each language, each one fit to be parsed, some of them code-mixed."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from model_export.bundle.golden_utterances import LOCALES, load
from polyparse.text.tokens import check

if TYPE_CHECKING:
    from collections.abc import Callable

ENGLISH = {
    "burger",
    "check",
    "coffee",
    "deadline",
    "manager",
    "meeting",
    "single",
    "smart",
    "true",
    "tweet",
    "workout",
}


def has_latin_letters(utterance: str) -> bool:
    return any(unicodedata.name(character, "").startswith("LATIN") for character in utterance)


def has_english_word(utterance: str) -> bool:
    return not ENGLISH.isdisjoint(re.findall(r"\w+", utterance.lower()))


MIXED: dict[str, Callable[[str], bool]] = {
    "es-ES": has_english_word,
    "it-IT": has_english_word,
    "hi-IN": has_latin_letters,
}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_language_has_at_least_forty_and_none_twice(locale: str) -> None:
    assert len(set(load(locale))) == len(load(locale)) >= 40


@pytest.mark.parametrize("locale", LOCALES)
def test_each_may_be_parsed_and_has_no_stray_white_space(locale: str) -> None:
    for utterance in load(locale):
        check(utterance, max_chars=512)
        assert utterance == " ".join(utterance.split()) == unicodedata.normalize("NFC", utterance)


@pytest.mark.parametrize("locale", LOCALES)
def test_some_have_capitals_or_punctuation(locale: str) -> None:
    assert any(re.search(r"[A-Z?!¿]", utterance) for utterance in load(locale))


@pytest.mark.parametrize("locale", MIXED)
def test_at_least_eight_mix_in_english(locale: str) -> None:
    assert sum(map(MIXED[locale], load(locale))) >= 8
