"""Vectors aligned by translations: words of one meaning are near in any language; the same each time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError
from polyparse.text import tokenise
from polyparse.vocab import Vocabulary
from train.corpora.example import Example
from train.embeddings.aligned import SPREAD, aligned_vectors

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


def vectors_of(examples: list[Example]) -> dict[str, NDArray[np.float32]]:
    found = aligned_vectors(examples, VOCABULARY, size=SIZE)
    words = {row: word for word, row in VOCABULARY.word_rows.items()}
    return {
        words[row]: vector_E for row, vector_E in zip(found.rows_N.tolist(), found.vectors_NE, strict=True)
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


def test_more_numbers_than_the_corpus_can_fill_are_refused() -> None:
    expected = re.escape("word_size: found 20 for 21 words in 20 utterances, expected fewer")
    with pytest.raises(ConfigError, match=expected):
        aligned_vectors(EXAMPLES, VOCABULARY, size=20)
