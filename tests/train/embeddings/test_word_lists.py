"""The most frequent words that a vocabulary lacks: of each language in turn, single tokens, no form of a known word."""

from __future__ import annotations

import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.text.vocabulary import Vocabulary
from train.embeddings import word_lists
from train.embeddings.word_lists import frequent_words, wordfreq_list, words_outside

VOCABULARY = Vocabulary(words=("alarm", "perché", "don't"), characters="almr")
LISTS = {
    "en": ["alarm", "the", "dont", "e", "new york", "2024", "Paris", "kettle", "harbour"],
    "it": ["perche", "the", "bollitore", "c'è"],
}


def listed(language: str, limit: int) -> list[str]:
    return LISTS[language][:limit]


def test_languages_take_turns_and_known_words_their_forms_and_what_is_no_word_are_left_out() -> None:
    assert frequent_words(["en", "it"], VOCABULARY, 3, listed) == ("the", "bollitore", "kettle")


def test_no_more_words_than_asked_for_are_taken() -> None:
    assert frequent_words(["it", "en"], VOCABULARY, 1, listed) == ("the",)


def test_more_words_than_the_lists_have_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"outside_words: found 9, expected at most 4, as many .* of en, it"
    ):
        frequent_words(["en", "it"], VOCABULARY, 9, listed)


def test_a_language_without_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"found no list of words \('xx'\), expected one of each of en, xx"):
        frequent_words(["en", "xx"], VOCABULARY, 1, listed)


def test_the_lists_of_the_package_give_words_by_frequency() -> None:
    pytest.importorskip("wordfreq")
    words = frequent_words(["en", "es", "it"], Vocabulary(("the", "de", "non"), ""), 300, wordfreq_list)
    assert len(set(words)) == 300
    assert {"and", "que", "che"} <= {*words[:20]}
    assert {"the", "de", "non"}.isdisjoint(words)


def test_a_locale_s_words_from_outside_are_listed_known_and_in_none_of_its_utterances(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_language(language: str, limit: int) -> list[str]:
        if language not in LISTS:
            raise LookupError(language)
        return LISTS[language][:limit]

    monkeypatch.setattr(word_lists, "wordfreq_list", of_language)
    said = {"en-US": "the alarm", "it-IT": "c'è", "hi-IN": "अलार्म"}
    examples = [Example("1", text, locale, "train", None, None, ()) for locale, text in said.items()]
    vocabulary = Vocabulary(words=("the", "alarm", "kettle", "bollitore"), characters="")
    assert words_outside(examples, vocabulary) == {"en-US": ["kettle"], "it-IT": ["the", "bollitore"]}
