"""Texts that nobody may ask for: every thing with every wording, as people say it, with the corpus's own names in them."""

from __future__ import annotations

from collections import Counter

import pytest

from polyparse.corpora.augmentation.foreign.lists import LANGUAGES, TALK, TASK, lists_of, parse, text_of
from polyparse.corpora.augmentation.foreign.made import SLOTS, ForeignConfig, made
from polyparse.corpora.example import Example, TextSpan
from polyparse.errors import ConfigError

PLAIN = ForeignConfig(plain=0.0)


def example(text: str, locale: str, **slots: str) -> Example:
    spans = [TextSpan(name, at := text.index(value), at + len(value)) for name, value in slots.items()]
    return Example(text, text, locale, "train", "calendar", "calendar_set", tuple(spans))


CORPUS = [
    example("meet zelda in oslo at noon", "en-US", person="zelda", place_name="oslo", time="noon"),
    example("meet link on monday", "en-US", person="link", date="monday"),
    example("vedi zelda a oslo", "it-IT", person="zelda", place_name="oslo"),
]


def test_a_list_is_read_by_topic() -> None:
    openings, love = parse("task openings\nx a door; a lid\nopen {x}\nis {x} shut\ntalk love\ni love you\n")
    assert (openings.kind, openings.name, openings.things) == (TASK, "openings", ["a door", "a lid"])
    assert openings.wordings == ["open {x}", "is {x} shut"]
    assert (love.kind, love.things, love.wordings) == (TALK, [], ["i love you"])


def test_a_wording_before_any_topic_is_refused() -> None:
    with pytest.raises(ValueError, match="found 'open it', expected a topic first"):
        parse("open it")


@pytest.mark.parametrize(
    ("wording", "language", "thing", "text"),
    [
        ("parla di {x}", "it", "il conto", "parla del conto"),
        ("parla di {x}", "it", "l'acqua", "parla dell'acqua"),
        ("telefona a {x}", "it", "gli zii", "telefona agli zii"),
        ("vai da {x}", "it", "illo", "vai da illo"),
        ("habla de {x}", "es", "el banco", "habla del banco"),
        ("llama a {x}", "es", "él", "llama a él"),
        ("talk of {x}", "en", "the bank", "talk of the bank"),
    ],
)
def test_an_article_runs_into_its_preposition(wording: str, language: str, thing: str, text: str) -> None:
    assert text_of(wording, language, {"x": thing}) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_list_makes_hundreds_of_tasks_and_of_talk(language: str) -> None:
    counts: Counter[str] = Counter()
    for topic in lists_of(language):
        whole = [wording for wording in topic.wordings if "{x}" not in wording]
        counts[topic.kind] += len(whole) + len(topic.things) * (len(topic.wordings) - len(whole))
        assert all(text == text.lower().strip() for text in (*topic.things, *topic.wordings))
    assert counts[TASK] >= 1000
    assert counts[TALK] >= 100


def test_texts_are_of_the_corpus_s_locales_and_names() -> None:
    texts = made(CORPUS, PLAIN, seed=0)
    assert {text.locale for text in texts} == {"en-US", "it-IT"}
    english = {text.text for text in texts if text.locale == "en-US"}
    assert {"open the garage door", "close the shutters at noon"} <= english
    assert not english.isdisjoint({"unlock the blinds for zelda", "unlock the blinds for link"})
    assert any("oslo" in text.text for text in texts if text.topic == "travel")
    assert not any("{" in text.text or "  " in text.text for text in texts)


def test_some_texts_have_no_accents() -> None:
    plain = {text.text for text in made(CORPUS, PLAIN, seed=0) if text.locale == "it-IT"}
    bare = {text.text for text in made(CORPUS, ForeignConfig(plain=0.99), seed=0)}
    assert "come si dice ti amo in spagnolo" in plain
    assert any("è" in text for text in plain)
    assert sum("è" in text for text in bare) < len(bare) // 50


def test_the_same_seed_makes_the_same_texts() -> None:
    assert made(CORPUS, ForeignConfig(), seed=3) == made(CORPUS, ForeignConfig(), seed=3)
    assert made(CORPUS, ForeignConfig(), seed=3) != made(CORPUS, ForeignConfig(), seed=4)


def test_a_corpus_in_other_languages_makes_none() -> None:
    assert made([example("hallo welt", "de-DE")], ForeignConfig(), seed=0) == []


def test_every_field_has_a_slot() -> None:
    for language in LANGUAGES:
        for topic in lists_of(language):
            for text in (*topic.things, *topic.wordings):
                fields = {field.partition("}")[0] for field in text.split("{")[1:]}
                assert fields <= {"x", *SLOTS}


def test_a_share_above_one_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match="plain"):
        ForeignConfig(plain=1.5)
