"""Word vectors aligned across languages: words of translations of the same utterances lie near each other.

Utterances that are translations of each other have the same id. The word-by-id matrix has 1 where the text of an id contains
the word ("inverted indexing": Sogaard et al. 2015, "Inverted indexing for cross-lingual NLP"); a truncated singular value
decomposition of it gives the vectors (Levy, Sogaard and Goldberg 2017, "A strong baseline for learning cross-lingual word
embeddings from sentence alignments"). Its rows are weighted by inverse document frequency and scaled to unit length, so that
rare words count as much as common ones.

A word of the model's own locales has one row for all of them. Translations into other locales tell more about the meaning of
rare words: each of their words that enough ids contain has a row for its locale, which is dropped after the decomposition.

Axes: V rows of words, of which the first W are the model's own; N ids; E word vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from polyparse.errors import ConfigError
from polyparse.text.forms import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Sized

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example

    Floats = NDArray[np.float32]
    Numbers = NDArray[np.float64]
    WordsOf = Callable[[str], list[str]]
    Placed = tuple[str, str, int]

SPREAD = 0.1
"""Root mean square of the numbers of a vector, as in a randomly initialised word table."""

MIN_LENGTH = 1e-9  # a shorter vector is a rounding error

MIN_IDS = 3  # how many ids have to contain a word of a foreign locale


def aligned_vectors(
    examples: Iterable[Example],
    words: Sequence[str],
    *,
    size: int,
    translations: Iterable[Example] = (),
    words_of: WordsOf = words_of,
) -> Floats:
    """Vectors of `size` numbers, shape (W, size); zeros for a word that no id contains, or every id.

    `examples` are in the model's own locales, `translations` in others; `words_of` gives the words of a text.

    Raises:
        ConfigError: there are not more than `size` words and ids.
    """
    columns: dict[str, int] = {}
    tokens, foreign = (_tokens(texts, columns, words_of) for texts in (examples, translations))
    present_VN = _present(tokens, foreign, words, columns)
    if size >= min(present_VN.shape):
        raise ConfigError(
            f"word vectors of size {size} (joint.embedder.word_size, classifier.bag.vector_size): found"
            f" {present_VN.shape[0]} words in {present_VN.shape[1]} utterances, expected more of both, to align words by"
            " utterances"
        )
    n_ids_V = np.maximum(present_VN.sum(axis=1).A1, 1.0)
    weighted_VN = sparse.diags(np.log(present_VN.shape[1] / n_ids_V)) @ present_VN
    weighted_VN = sparse.diags(_inverse(sparse.linalg.norm(weighted_VN, axis=1))) @ weighted_VN
    start = np.random.default_rng(0).normal(size=min(weighted_VN.shape))
    left_VE, values_E, _ = svds(weighted_VN.tocsc(), k=size, v0=start)
    vectors_WE = (left_VE * np.sqrt(values_E))[: len(words)]
    vectors_WE *= SPREAD * np.sqrt(size) * _inverse(np.linalg.norm(vectors_WE, axis=1))[:, None]
    return np.asarray(vectors_WE, dtype=np.float32)


def _present(
    own_tokens: Iterable[Placed], foreign_tokens: Iterable[Placed], words: Sequence[str], columns: Sized
) -> sparse.csr_matrix:
    """1 where the text of an id contains a word, shape (V, N); there are as many ids as columns when all is read."""
    own_rows = {word: row for row, word in enumerate(words)}
    entries = {(own_rows[word], column) for _, word, column in own_tokens if word in own_rows}
    foreign: dict[tuple[str, str], set[int]] = {}
    for locale, word, column in foreign_tokens:
        if word in own_rows:
            entries.add((own_rows[word], column))
        else:
            foreign.setdefault((locale, word), set()).add(column)
    frequent = [word_columns for word_columns in foreign.values() if len(word_columns) >= MIN_IDS]
    entries |= {
        (row, column)
        for row, word_columns in enumerate(frequent, start=len(own_rows))
        for column in word_columns
    }
    row_indices, column_indices = np.array(sorted(entries), dtype=np.int64).reshape(-1, 2).T
    shape = (len(own_rows) + len(frequent), len(columns))
    return sparse.csr_matrix((np.ones(len(row_indices)), (row_indices, column_indices)), shape=shape)


def _tokens(examples: Iterable[Example], columns: dict[str, int], words_of: WordsOf) -> Iterator[Placed]:
    """Locale, word and column of each word; a new id is added to `columns`, which maps ids to columns."""
    for example in examples:
        column = columns.setdefault(example.id, len(columns))
        for word in words_of(example.text):
            yield example.locale, word, column


def _inverse(lengths_V: Numbers) -> Numbers:
    """1 / length, and 0 where the length is 0: a word that every id contains has no information."""
    inverse_V: Numbers = np.zeros_like(lengths_V)
    np.divide(1.0, lengths_V, out=inverse_V, where=lengths_V > MIN_LENGTH)
    return inverse_V
