"""Phrases that judge opposites: many, different, and in no words that training's own lists have."""

from __future__ import annotations

import pytest

from polyparse.corpora.augmentation.switch_words import SENSES, WORDINGS, find, keys_of
from polyparse.evaluation.opposite_phrases import GAP, OPPOSITE, PHRASES, RIGHT

LOCALES = ("en-US", "es-ES", "hi-IN", "it-IT")


def test_every_locale_served_has_phrases_of_everything_asked() -> None:
    assert tuple(PHRASES) == LOCALES
    assert sum(map(len, PHRASES.values())) >= 200
    for phrases in PHRASES.values():
        assert {phrase.asked for phrase in phrases} == set(RIGHT) == set(OPPOSITE)
        assert len({phrase.text for phrase in phrases}) == len(phrases) >= 50


def test_what_is_right_for_one_is_never_right_for_its_opposite() -> None:
    assert all(not RIGHT[asked] & OPPOSITE[asked] for asked in RIGHT)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_wording_stands_in_its_phrase(locale: str) -> None:
    for phrase in PHRASES[locale]:
        words, start = keys_of(phrase.text), 0
        for part in phrase.wording.split(GAP):
            keys = keys_of(part.strip())
            places = [at for at in range(start, len(words)) if words[at : at + len(keys)] == keys]
            assert places, phrase
            start = places[0] + len(keys)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_phrase_has_a_wording_of_training(locale: str) -> None:
    """Of any sense: neither its own nor another one's."""
    language = locale.partition("-")[0]
    for phrase in PHRASES[locale]:
        found = [find(keys_of(phrase.text), language, sense) for sense in set(SENSES.values())]
        assert not any(found), (phrase, found)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_wording_is_the_verb_of_one_of_training_even_with_another_particle(locale: str) -> None:
    language = locale.partition("-")[0]
    forms = [
        form for (of, _), all_of in WORDINGS.items() if of == language for one in all_of for form in one.forms
    ]
    known = {keys_of(form)[:1] if language != "hi" else keys_of(form) for form in forms}
    assert (
        not {keys_of(phrase.wording)[: 1 if language != "hi" else None] for phrase in PHRASES[locale]} & known
    )
