"""The phrases that judge the screen: hundreds in each language, of verbs and templates that training never uses."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from polyparse.corpora.augmentation.negation.rules import rules_of
from polyparse.evaluation.negation_phrases import CLOSING, KEPT, LOCALES, NEGATED, phrases_of, written

VERB = {"en": ("v", 0), "es": ("inf", 0), "it": ("inf", 0), "hi": ("na", -1)}
"""The form, and the word of it, that is a request's verb."""


def trained_forms(language: str) -> set[str]:
    """All forms of verbs that the rules of a language spell."""
    return {form for verbs in rules_of(language).verbs.values() for forms in verbs for form in forms}


def shape(template: str) -> str:
    """A template by its words alone, whatever stands in it."""
    return re.sub(r"{\w+}", "_", template).replace("’", "'").strip()


@pytest.mark.parametrize("locale", LOCALES)
def test_there_are_hundreds_of_each_kind_and_each_text_once(locale: str) -> None:
    phrases = phrases_of(locale)
    counts = Counter(phrase.kind for phrase in phrases)
    assert counts[NEGATED] >= 300
    assert counts[KEPT] >= 300
    assert counts[CLOSING] >= 20
    assert [text for text, n in Counter(phrase.text for phrase in phrases).items() if n > 1] == []
    assert not any("{" in phrase.text for phrase in phrases)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_template_is_one_of_training(locale: str) -> None:
    rules = rules_of(locale[:2])
    trained = {shape(template) for template in (*rules.negated, *rules.kept)}
    assert trained.isdisjoint(shape(template) for _, template in written(locale).templates)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_verb_is_one_of_training(locale: str) -> None:
    form, place = VERB[locale[:2]]
    verbs = {request.forms[form].split()[place] for request in written(locale).requests}
    trained = trained_forms(locale[:2])
    if locale == "hi-IN":
        trained = {f"{stem}ना" for stem in trained}
    assert verbs.isdisjoint(trained)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_phrase_written_by_hand_has_a_verb_of_training(locale: str) -> None:
    trained = trained_forms(locale[:2])
    texts = [phrase.text for phrase in written(locale).phrases if phrase.kind != CLOSING]
    assert [text for text in texts if not trained.isdisjoint(text.split())] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_closing_is_one_of_training(locale: str) -> None:
    assert set(rules_of(locale[:2]).closings).isdisjoint(
        phrase.text for phrase in phrases_of(locale) if phrase.kind == CLOSING
    )
