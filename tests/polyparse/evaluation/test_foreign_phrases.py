"""The phrases that judge what is refused: by topic, in four languages, of things and wordings that training never has."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.augmentation.foreign.lists import TALK, TASK, lists_of
from polyparse.evaluation.foreign_phrases import LOCALES, phrases_of, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from polyparse.corpora.augmentation.foreign.lists import Topic

SMALL_WORDS = {
    "en-US": (
        "a an and any at but for is it where without my on our that the of to two three "
        "in are am i for by your you what how much"
    ),
    "es-ES": (
        "a de del el en la las lo los mi mis mucha muy nuestro que te tu un una unas soy "
        "es por cuánto se no con dónde está"
    ),
    "it-IT": (
        "a ad con d da dei del dell dello di e gli i il in l la le lo mio mia nostro per "
        "sono su sul un una dov è al ti della"
    ),
    "hi-IN": "का के की में से हमारा मेरा मेरी मेरे वह यह वाला वाली वाले है हूँ दो एक जी मुझे",
}
"""Words of things that are no nouns."""


def words(texts: set[str], locale: str) -> set[str]:
    """All words of things but small ones."""
    found = {word for text in texts for word in re.split(r"[\s']+", re.sub(r"{\w+}", "", text)) if word}
    return found - set(SMALL_WORDS[locale].split())


def things(topics: Iterable[Topic]) -> set[str]:
    return {thing for topic in topics for thing in topic.things}


@pytest.mark.parametrize("locale", LOCALES)
def test_there_are_many_of_each_kind_and_each_text_once(locale: str) -> None:
    phrases = phrases_of(locale)
    counts = Counter((phrase.kind, phrase.is_seen) for phrase in phrases)
    assert counts[TASK, True] >= 150
    assert counts[TASK, False] >= 60
    assert min(counts[TALK, True], counts[TALK, False]) >= 20
    assert [text for text, n in Counter(phrase.text for phrase in phrases).items() if n > 1] == []
    assert not any("{" in phrase.text or phrase.text != phrase.text.lower().strip() for phrase in phrases)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_thing_has_a_noun_of_a_thing_of_training(locale: str) -> None:
    trained = words(things(lists_of(locale[:2])), locale)
    assert words(things(written(locale)), locale) & trained == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_no_wording_is_one_of_training(locale: str) -> None:
    judging, training = (
        {wording for topic in topics for wording in topic.wordings}
        for topics in (written(locale), lists_of(locale[:2]))
    )
    assert judging & training == set()


def test_all_languages_are_judged_on_the_same_topics() -> None:
    topics = [[(topic.kind, topic.name) for topic in written(locale)] for locale in LOCALES]
    assert all(each == topics[0] for each in topics)


def test_all_languages_are_trained_on_the_same_topics() -> None:
    topics = [[(topic.kind, topic.name) for topic in lists_of(locale[:2])] for locale in LOCALES]
    assert all(each == topics[0] for each in topics)
