"""Vectors aligned across languages: words of translations of the same utterances lie near each other.

A word is the row of the utterances, by their ids, whose text in any locale has it ("inverted indexing": Sogaard et al. 2015,
"Inverted indexing for cross-lingual NLP"); a truncated singular value decomposition of these rows makes the vectors (Levy,
Sogaard and Goldberg 2017, "A strong baseline for learning cross-lingual word embeddings from sentence alignments"). Rows are
weighted by inverse document frequency and have unit length, so that rare words count as much as common ones.

A model's own words are one row each, whatever the locale. Translations into locales that the model is not for say more of
what its rare words mean: their words are rows of their locale, where enough ids have them, and are then left out.

Axes: V rows of words, of which the first W are the model's own; N ids; E word vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from polyparse.errors import ConfigError
from polyparse.text.tokens import tokenise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.float64]

SPREAD = 0.1
"""Root mean square of a vector's numbers: a word table's random start has as much."""

LEAST = 1e-9  # a shorter vector is rounding


LEAST_IDS = 3  # in how many ids a word of a locale has to be that the model is not for


def aligned_vectors(
    examples: Iterable[Example],
    words: Sequence[str],
    *,
    size: int,
    translations: Iterable[Example] = (),
) -> Floats:
    """Vectors of `size` numbers, shape (W, size); zeros for a word that no id has, or all.

    `examples` are of the model's own locales and `translations` of others.

    Raises:
        ConfigError: there are not more ids and words than numbers.
    """
    present_VN = _present(examples, translations, words)
    if size >= min(present_VN.shape):
        raise ConfigError(
            f"word vectors of size {size} (joint.embedder.word_size, classifier.bag.vector_size): found"
            f" {present_VN.shape[0]} words in {present_VN.shape[1]} utterances, expected more of both, to align words by"
            " utterances"
        )
    found_V = np.maximum(present_VN.sum(axis=1).A1, 1.0)
    weighted_VN = sparse.diags(np.log(present_VN.shape[1] / found_V)) @ present_VN
    weighted_VN = sparse.diags(_inverse(sparse.linalg.norm(weighted_VN, axis=1))) @ weighted_VN
    start = np.random.default_rng(0).normal(size=min(weighted_VN.shape))
    left_VE, values_E, _ = svds(weighted_VN.tocsc(), k=size, v0=start)
    vectors_WE = (left_VE * np.sqrt(values_E))[: len(words)]
    vectors_WE *= SPREAD * np.sqrt(size) * _inverse(np.linalg.norm(vectors_WE, axis=1))[:, None]
    return np.asarray(vectors_WE, dtype=np.float32)


def _present(
    examples: Iterable[Example], translations: Iterable[Example], words: Sequence[str]
) -> sparse.csr_matrix:
    """1 where an id has a word in some locale, shape (V, N)."""
    own = {word: row for row, word in enumerate(words)}
    columns: dict[str, int] = {}
    pairs = {(own[word], column) for _, word, column in _places(examples, columns) if word in own}
    foreign: dict[tuple[str, str], set[int]] = {}
    for locale, word, column in _places(translations, columns):
        if word in own:
            pairs.add((own[word], column))
        else:
            foreign.setdefault((locale, word), set()).add(column)
    kept = [found for found in foreign.values() if len(found) >= LEAST_IDS]
    pairs |= {(row, column) for row, found in enumerate(kept, start=len(own)) for column in found}
    rows, places = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    shape = (len(own) + len(kept), len(columns))
    return sparse.csr_matrix((np.ones(len(rows)), (rows, places)), shape=shape)


def _places(examples: Iterable[Example], columns: dict[str, int]) -> Iterator[tuple[str, str, int]]:
    """Locale, word and column of each token; `columns` takes in the ids."""
    for example in examples:
        column = columns.setdefault(example.id, len(columns))
        for token in tokenise(example.text):
            yield example.locale, token.text, column


def _inverse(lengths_V: Numbers) -> Numbers:
    """1 / length, and 0 for what has none: a word that every id has says nothing."""
    inverse_V: Numbers = np.zeros_like(lengths_V)
    np.divide(1.0, lengths_V, out=inverse_V, where=lengths_V > LEAST)
    return inverse_V
