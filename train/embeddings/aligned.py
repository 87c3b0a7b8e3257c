"""Vectors aligned across languages: words of translations of the same utterances lie near each other.

A word is the row of the utterances, by their ids, whose text in any locale has it ("inverted indexing": Sogaard et al. 2015,
"Inverted indexing for cross-lingual NLP"); a truncated singular value decomposition of these rows makes the vectors (Levy,
Sogaard and Goldberg 2017, "A strong baseline for learning cross-lingual word embeddings from sentence alignments"). Rows are
weighted by inverse document frequency and have unit length, so that rare words count as much as common ones.

Axes: V words of the vocabulary, N ids, E word vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from polyparse.errors import ConfigError
from polyparse.text import tokenise
from train.embeddings.table import WordVectors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from polyparse.vocab import Vocabulary
    from train.corpora.example import Example

    Numbers = NDArray[np.float64]

SPREAD = 0.1
"""Root mean square of a vector's numbers: a word table's random start has as much."""

LEAST = 1e-9  # a shorter vector is rounding


def aligned_vectors(examples: Iterable[Example], vocabulary: Vocabulary, *, size: int) -> WordVectors:
    """Vectors of `size` numbers for the words of the vocabulary that some, but not all, ids have.

    Raises:
        ConfigError: there are not more ids and words than numbers.
    """
    present_VN = _present(examples, vocabulary)
    if size >= min(present_VN.shape):
        raise ConfigError(
            f"joint.embedder.word_size: found {size} for {present_VN.shape[0]} words in {present_VN.shape[1]} utterances,"
            " expected fewer, to align word vectors by utterances"
        )
    found_V = np.maximum(present_VN.sum(axis=1).A1, 1.0)
    weighted_VN = sparse.diags(np.log(present_VN.shape[1] / found_V)) @ present_VN
    weighted_VN = sparse.diags(_inverse(sparse.linalg.norm(weighted_VN, axis=1))) @ weighted_VN
    start = np.random.default_rng(0).normal(size=min(weighted_VN.shape))
    left_VE, values_E, _ = svds(weighted_VN.tocsc(), k=size, v0=start)
    vectors_VE = left_VE * np.sqrt(values_E)
    vectors_VE *= SPREAD * np.sqrt(size) * _inverse(np.linalg.norm(vectors_VE, axis=1))[:, None]
    rows = vocabulary.word_rows.values()
    return WordVectors.collect(dict(zip(rows, vectors_VE.astype(np.float32), strict=True)), size=size)


def _present(examples: Iterable[Example], vocabulary: Vocabulary) -> sparse.csr_matrix:
    """1 where a word stands in some locale's text of an id, shape (V, N)."""
    places = {word: place for place, word in enumerate(vocabulary.words)}
    ids: dict[str, int] = {}
    pairs = {
        (places[token.text], ids.setdefault(example.id, len(ids)))
        for example in examples
        for token in tokenise(example.text)
        if token.text in places
    }
    words, columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    shape = (len(places), len(ids))
    return sparse.csr_matrix((np.ones(len(words)), (words, columns)), shape=shape)


def _inverse(lengths_V: Numbers) -> Numbers:
    """1 / length, and 0 for what has none: a word that every id has says nothing."""
    inverse_V: Numbers = np.zeros_like(lengths_V)
    np.divide(1.0, lengths_V, out=inverse_V, where=lengths_V > LEAST)
    return inverse_V
