"""Vectors aligned by translations: words of one meaning are near in any language; the same each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise
from polyparse.text.vocabulary import Vocabulary
from train.embeddings.aligned import MIN_IDS, SPREAD, aligned_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 6
THINGS = {"alarm": "sveglia", "song": "canzone", "train": "treno", "mail": "posta", "light": "luce"}
PLACES = {"paris": "parigi", "milan": "milano", "london": "londra", "genoa": "genova"}
TEXTS = [
    (f"the {thing} in {place} please", f"{THINGS[thing]} {PLACES[place]} please")
    for thing in THINGS
    for place in PLACES
]
EXAMPLES = [
    Example(str(number), text, locale, "train", None, None, ())
    for number, pair in enumerate(TEXTS)
    for locale, text in zip(("en-US", "it-IT"), pair, strict=True)
]
VOCABULARY = Vocabulary.build(token.text for example in EXAMPLES for token in tokenise(example.text))


def vectors_of(
    examples: list[Example], translations: list[Example] | None = None
) -> dict[str, NDArray[np.float32]]:
    """Those that are not zeros."""
    found_WE = aligned_vectors(examples, VOCABULARY.words, size=SIZE, translations=translations or [])
    return {
        word: vector_E for word, vector_E in zip(VOCABULARY.words, found_WE, strict=True) if np.any(vector_E)
    }


def test_the_word_nearest_to_one_is_its_translation() -> None:
    vectors = vectors_of(EXAMPLES)
    for word, translation in [*THINGS.items(), *PLACES.items()]:
        others = {other: float(vectors[word] @ vectors[other]) for other in vectors if other != word}
        assert max(others, key=others.__getitem__) == translation


def test_vectors_have_the_spread_of_a_random_start_and_are_the_same_each_time() -> None:
    vectors, again = vectors_of(EXAMPLES), vectors_of(EXAMPLES[::-1][::-1])
    for word, vector_E in vectors.items():
        assert vector_E.dtype == np.float32
        assert np.sqrt(np.square(vector_E).mean()) == pytest.approx(SPREAD, rel=1e-5)
        np.testing.assert_array_equal(vector_E, again[word])


def test_a_word_of_every_utterance_or_of_none_has_no_vector() -> None:
    vectors = vectors_of([example for example in EXAMPLES if "paris" not in example.text])
    assert {"please", "paris"}.isdisjoint(vectors)
    assert {"alarm", "parigi"} <= vectors.keys()


def test_translations_into_other_locales_bring_words_together() -> None:
    """Two words that no utterance of the model's locales has in common, and a third language's one word for both."""
    texts = [("wake me", "weck"), ("rouse him", "weck"), ("play any good old song now", "spiel")] * MIN_IDS
    local, german = (
        [Example(str(n), pair[side], locale, "train", None, None, ()) for n, pair in enumerate(texts)]
        for side, locale in enumerate(("en-US", "de-DE"))
    )
    words = Vocabulary.build(token.text for example in local for token in tokenise(example.text)).words
    wake, rouse = words.index("wake"), words.index("rouse")
    alone_WE = aligned_vectors(local, words, size=3)
    assert _cosine(alone_WE[wake], alone_WE[rouse]) == pytest.approx(0.0, abs=1e-5)
    together_WE = aligned_vectors(local, words, size=2, translations=german)
    assert together_WE.shape == (len(words), 2)
    assert _cosine(together_WE[wake], together_WE[rouse]) > 0.9


def test_a_rare_word_of_another_locale_says_nothing() -> None:
    """A name that stands in one id only would but take a direction of its own."""
    odd = [Example(EXAMPLES[0].id, "einmalig", "de-DE", "train", None, None, ())]
    plain, beside = vectors_of(EXAMPLES), vectors_of(EXAMPLES, odd)
    for word, vector_E in plain.items():
        np.testing.assert_array_equal(vector_E, beside[word])


def _cosine(one_E: NDArray[np.float32], other_E: NDArray[np.float32]) -> float:
    return float(one_E @ other_E / np.linalg.norm(one_E) / np.linalg.norm(other_E))


def test_more_numbers_than_the_corpus_can_fill_are_refused() -> None:
    expected = r"size 20 \(.*word_size.*\): found 21 words in 20 utterances, expected more of both"
    with pytest.raises(ConfigError, match=expected):
        aligned_vectors(EXAMPLES, VOCABULARY.words, size=20)
