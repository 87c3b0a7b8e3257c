"""Projection of labels onto translations: slots go where their words go, or the utterance is left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import pytest

from polyparse.corpora.example import Example, TextSpan
from polyparse.errors import ConfigError
from tests.train.training.test_transfer_planted import grammar
from train.training.projection import project

SOURCE = grammar(80, seed=1)
LOCALE = "es-ES"


def backwards(example: Example) -> Example:
    """A translation word by word, with an ending, in the opposite order; slots are those of the same words."""
    words = list(reversed(example.text.split()))
    names = {example.text[span.start : span.end]: span.name for span in example.slots}
    text, spans = "", []
    for word in words:
        text += f" {word}ik" if text else f"{word}ik"
        if word in names:
            spans.append(TextSpan(names[word], len(text) - len(word) - 2, len(text)))
    return replace(example, text=text, locale=LOCALE, slots=tuple(spans))


def distinct(example: Example) -> bool:
    return len(set(words := example.text.split())) == len(words)


ONCE = [one for one in SOURCE if distinct(one)]


def unlabelled(example: Example) -> Example:
    return replace(example, domain=None, intent=None, slots=())


def test_slots_follow_their_words_into_another_order() -> None:
    expected = [backwards(one) for one in ONCE]
    assert len(expected) > 30
    assert project(ONCE, list(map(unlabelled, expected)), [LOCALE], size=12) == expected


def test_a_word_that_occurs_twice_is_aligned_in_order() -> None:
    """As in "to rome from rome"."""
    translations = [
        replace(one, text=" ".join(f"{word}ik" for word in one.text.split()), locale=LOCALE, slots=())
        for one in SOURCE
    ]
    names = [[span.name for span in one.slots] for one in project(SOURCE, translations, [LOCALE], size=12)]
    assert len(SOURCE) > len(ONCE)
    assert names == [[span.name for span in one.slots] for one in SOURCE]


def test_a_translation_without_the_words_of_a_slot_is_left_out() -> None:
    texts = [unlabelled(backwards(one)) for one in ONCE]
    text, span = texts[0].text, backwards(ONCE[0]).slots[0]
    texts[0] = replace(texts[0], text=f"{text[: span.start]}{text[span.end :]}".strip())
    assert {one.id for one in project(ONCE, texts, [LOCALE], size=12)} == {one.id for one in ONCE[1:]}


def test_a_slot_in_two_pieces_is_left_out() -> None:
    """Of "new york" the words then stand on both sides of another one that is aligned."""
    whole = []
    towns, ends = cycle(("new york", "new park", "old york")), cycle(("now", "then"))
    for one, name, end in zip(ONCE, towns, ends, strict=False):
        start = len(one.text) + 1
        town = TextSpan("town", start, start + len(name))
        whole.append(replace(one, text=f"{one.text} {name} {end}", slots=(*one.slots, town)))
    texts = [
        unlabelled(replace(one, text=" ".join(f"{word}ik" for word in one.text.split()), locale=LOCALE))
        for one in whole
    ]
    kept = project(whole, texts, [LOCALE], size=12)
    assert kept[0].slots[-1].end == len(kept[0].text) - len(" nowik")
    words = texts[0].text.split()
    words[-1], words[-2] = words[-2], words[-1]
    texts[0] = replace(texts[0], text=" ".join(words))
    assert project(whole, texts, [LOCALE], size=12) == kept[1:]


def test_a_locale_without_translations_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"data\.projected: found no translation of what is learnt in fr-FR"
    ):
        project(ONCE, [backwards(one) for one in ONCE], ["fr-FR"], size=12)
