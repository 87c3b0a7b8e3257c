"""The phrases that no domain covers: one file for each locale, and nothing that is no utterance in it."""

import pytest

from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.text.tokens import tokenise


def test_every_locale_served_has_phrases() -> None:
    assert set(PHRASES) == {"en-US", "es-ES", "hi-IN", "it-IT"}


@pytest.mark.parametrize("locale", PHRASES)
def test_phrases_are_many_and_all_different(locale: str) -> None:
    phrases = PHRASES[locale]
    assert len(set(phrases)) == len(phrases) >= 20
    assert all(tokenise(phrase) for phrase in phrases)
