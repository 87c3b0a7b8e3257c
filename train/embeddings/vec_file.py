"""Word vectors for a vocabulary, and a reader of the text format for them (`.vec`, `.align.vec`).

Axes: N words that have a vector, E word vector.

A file may hold millions of words, so it is streamed and only the words of the vocabulary are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError
from polyparse.text.tokens import normalise
from train.embeddings.vec_format import header_of, lines_of, unreadable, vector_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from polyparse.text.vocabulary import Vocabulary
    from train.progress import Progress


@dataclass(frozen=True)
class PretrainedVectors:
    """`vectors_NE[n]` is the vector of row `rows_N[n]` of the word table, that is of the word with this id; rows ascend."""

    rows_N: NDArray[np.int64]
    vectors_NE: NDArray[np.float32]

    @classmethod
    def collect(cls, vectors: Mapping[int, NDArray[np.float32]], *, size: int) -> PretrainedVectors:
        """From a mapping of word ids to vectors; a vector of zeros means that the source does not have the word."""
        word_ids = sorted(word_id for word_id, vector_E in vectors.items() if vector_E.any())
        vectors_NE = np.array([vectors[word_id] for word_id in word_ids], dtype=np.float32)
        return cls(np.array(word_ids, dtype=np.int64), vectors_NE.reshape(len(word_ids), size))


class VectorReader(Protocol):
    """Reads the vectors of the vocabulary's words from a file."""

    def __call__(
        self, path: Path, vocabulary: Vocabulary, *, size: int, progress: Progress
    ) -> PretrainedVectors:
        """Raises CorpusError for a file of another format, ConfigError if its vectors do not have `size` numbers."""


class _Entry(NamedTuple):
    """The vector of a word, and whether the file has the word in its normalised form."""

    is_exact: bool
    vector_E: NDArray[np.float32]


def read_vec(path: Path, vocabulary: Vocabulary, *, size: int, progress: Progress) -> PretrainedVectors:
    """Vectors from a .vec file.

    A word of the file is normalised ("Paris" to "paris"). Of several words with one normalised form, the word that equals it
    is taken, else the first, which is the most frequent.
    """
    word_ids = vocabulary.word_ids
    entries: dict[int, _Entry] = {}
    try:
        with path.open("rb") as file:
            header = header_of(file, path)
            check_size(path, file_size=header.size, size=size)
            for line in lines_of(file, path, header, progress):
                text = line.word.decode("utf-8", "replace")
                normalised = normalise(text)
                word_id = word_ids.get(normalised)
                if word_id is None or (
                    word_id in entries and (entries[word_id].is_exact or text != normalised)
                ):
                    continue
                entries[word_id] = _Entry(text == normalised, vector_of(line, path))
    except OSError as error:
        raise unreadable(path, error) from error
    return PretrainedVectors.collect(
        {word_id: entry.vector_E for word_id, entry in entries.items()}, size=size
    )


def check_size(path: Path, *, file_size: int, size: int) -> None:
    """Refuse vectors of another size than the word table's."""
    if file_size != size:
        raise ConfigError(
            f"joint.embedder.word_size: found {size}, expected {file_size}, the size of the vectors in {path}"
        )
