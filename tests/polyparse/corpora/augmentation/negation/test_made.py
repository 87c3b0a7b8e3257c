"""What is made of a corpus: texts with a cue, negated ones and look-alikes, the same for the same seed."""

from __future__ import annotations

import pytest

from polyparse.corpora.augmentation.negation.made import NegationConfig, made
from polyparse.corpora.augmentation.negation.rules import LANGUAGES, rules_of
from polyparse.corpora.example import Example
from polyparse.errors import ConfigError

TEXTS = {
    "en-US": "turn off the lights",
    "es-ES": "apaga la luz",
    "it-IT": "spegni la luce",
    "hi-IN": "लाइट बंद करो",
}
CONFIG = NegationConfig(requests=10, forms=1000, copies=1, plain=0.0, around=0.0)


def corpus() -> list[Example]:
    return [Example("1", text, locale, "train", None, None, ()) for locale, text in TEXTS.items()]


def test_every_template_that_fits_is_filled() -> None:
    texts = {(text, is_negated) for text, _, is_negated in made(corpus(), CONFIG, 0)}
    assert {
        ("don't turn off the lights", True),
        ("don't forget to turn off the lights", False),
        ("no apagues la luz", True),
        ("por qué no apagas la luz", False),
        ("non spegnere la luce", True),
        ("non dimenticare di spegnere la luce", False),
        ("लाइट बंद मत करो", True),
        ("लाइट बंद करना मत भूलना", False),
    } <= texts
    assert not any("{" in text for text, _ in texts)


def test_the_same_seed_gives_the_same_texts_and_another_one_others() -> None:
    config = NegationConfig(requests=10, forms=2, copies=2)
    assert made(corpus(), config, 3) == made(corpus(), config, 3)
    assert made(corpus(), config, 3) != made(corpus(), config, 4)


def test_no_text_is_both_negated_and_kept() -> None:
    texts = made(corpus(), CONFIG, 0)
    negated = {text.text for text in texts if text.is_negated}
    assert negated.isdisjoint(text.text for text in texts if not text.is_negated)


def test_a_language_without_rules_gives_nothing() -> None:
    assert made([Example("1", "mach das licht aus", "de-DE", "train", None, None, ())], CONFIG, 0) == []


def test_plain_texts_lack_accents_and_apostrophes() -> None:
    config = NegationConfig(requests=10, forms=1000, copies=1, plain=0.999, around=0.0)
    plain = {text.text for text in made(corpus(), config, 0)}
    assert {"dont turn off the lights", "por que no apagas la luz"} <= plain


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_of_a_negated_request_holds_a_cue(language: str) -> None:
    rules = rules_of(language)
    assert [t for t in (*rules.negated, *rules.kept) if rules.cues.isdisjoint(t.split())] == []


def test_a_bad_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="requests: found 0"):
        NegationConfig(requests=0)
