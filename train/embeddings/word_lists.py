"""The most frequent words of languages that a vocabulary lacks, from the word lists of the package wordfreq."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Protocol

from polyparse.contract.locales import language_of
from polyparse.errors import ConfigError
from polyparse.text.forms import form_of, words_of
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary

PACKAGE = "wordfreq"
SHORTEST = 2  # characters; a single letter is an initial in most utterances
LISTED = 8
"""So many words of a list are read for each that is asked for: training knows the most frequent ones."""
LEAST_LISTED, MOST_LISTED = 20_000, 60_000


class WordList(Protocol):
    """Words of a language by their frequency."""

    def __call__(self, language: str, limit: int) -> Iterable[str]:
        """At most `limit` words, the most frequent first; LookupError for a language without a list."""


def wordfreq_list(language: str, limit: int) -> Iterable[str]:
    """The list of wordfreq (Speer 2022); raises ConfigError where its package is not installed."""
    try:
        import wordfreq  # noqa: PLC0415  only a run that asks for these words needs the package
    except ImportError:
        raise ConfigError(
            f"lists of words: found no package {PACKAGE}, expected it to be installed (it is in the extra train)"
        ) from None
    words: Iterable[str] = wordfreq.top_n_list(language, limit)
    return words


def frequent_words(
    languages: Sequence[str], vocabulary: Vocabulary, count: int, listed: WordList
) -> tuple[str, ...]:
    """The first `count` words of the lists, each language in its turn, that are a token and no form of a known word.

    Raises:
        ConfigError: a language has no list, or the lists end before there are so many.
    """
    limit = max(LEAST_LISTED, LISTED * count)
    try:
        lists = [listed(language, limit) for language in languages]
    except LookupError as error:
        raise ConfigError(
            f"joint.embedder.outside_words: found no list of words ({error}), expected one of each of {', '.join(languages)}"
        ) from error
    found: dict[str, None] = {}
    for word in chain.from_iterable(zip_longest(*lists)):
        if len(found) == count:
            break
        if word is not None and word not in found and _is_new(word, vocabulary):
            found[word] = None
    if len(found) < count:
        raise ConfigError(
            f"joint.embedder.outside_words: found {count}, expected at most {len(found)}, as many new words as the lists of"
            f" {', '.join(languages) or 'no language'} have"
        )
    return tuple(found)


def words_outside(examples: Iterable[Example], vocabulary: Vocabulary) -> dict[str, list[str]]:
    """By locale, the words of its language's list that the vocabulary has and none of the locale's examples.

    Raises ConfigError where the package of the lists is missing.
    """
    own: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        own[example.locale].update(words_of(example.text))
    found = {}
    for locale, words in own.items():
        with suppress(LookupError):  # a language without a list
            listed = wordfreq_list(language_of(locale), MOST_LISTED)
            found[locale] = [word for word in listed if word in vocabulary.word_ids and word not in words]
    return found


def _is_new(word: str, vocabulary: Vocabulary) -> bool:
    """Whether it is a word in letters that the vocabulary would not look up by one of its own."""
    if len(word) < SHORTEST or not all(character.isalpha() or character == "'" for character in word):
        return False
    if word in vocabulary.word_ids or form_of(word, vocabulary) != word:
        return False
    tokens = tokenise(word)
    return len(tokens) == 1 and tokens[0].text == word
