"""Word vectors for a vocabulary, and a reader of the text format for them (`.vec`, `.align.vec`).

Axes: N words that have a vector, E word vector.

A .vec file is a line "COUNT SIZE", then COUNT lines of a word and SIZE numbers, the most frequent word first. It may hold
millions of words, so it is streamed and only the words of the vocabulary are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError, CorpusError
from polyparse.text.tokens import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from polyparse.text.vocabulary import Vocabulary
    from train.progress import Progress

LINES_A_STEP = 10_000  # of the progress bar


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
            for line, word, numbers in _entries(file, path, size, progress):
                text = word.decode("utf-8", "replace")
                normalised = normalise(text)
                word_id = word_ids.get(normalised)
                if word_id is None or (
                    word_id in entries and (entries[word_id].is_exact or text != normalised)
                ):
                    continue
                entries[word_id] = _Entry(text == normalised, _vector(numbers, path, line))
    except OSError as error:
        raise CorpusError(
            f"found no readable file ({error.strerror}), expected word vectors", path=path
        ) from error
    return PretrainedVectors.collect(
        {word_id: entry.vector_E for word_id, entry in entries.items()}, size=size
    )


def check_size(path: Path, *, file_size: int, size: int) -> None:
    """Refuse vectors of another size than the word table's."""
    if file_size != size:
        raise ConfigError(
            f"joint.embedder.word_size: found {size}, expected {file_size}, the size of the vectors in {path}"
        )


def _entries(
    file: BinaryIO, path: Path, size: int, progress: Progress
) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Line number, word and numbers of each entry, separated by ASCII spaces alone: words may contain other spaces."""
    count, file_size = _header(file.readline(), path)
    check_size(path, file_size=file_size, size=size)
    line = 1
    with progress.stage("word vectors", count) as step:
        for line, text in enumerate(file, start=2):
            word, *numbers = text.rstrip(b" \r\n").split(b" ")
            if len(numbers) != size:
                raise CorpusError(
                    f"found a word and {len(numbers)} numbers, expected {size}", path=path, line=line
                )
            yield line, word, numbers
            if line % LINES_A_STEP == 0:
                step(line)
        step(line - 1)
    if line - 1 != count:
        raise CorpusError(f"found {line - 1} vectors, expected {count} as the first line says", path=path)


def _header(text: bytes, path: Path) -> tuple[int, int]:
    fields = text.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise CorpusError(f"found {text[:40]!r}, expected 'COUNT SIZE'", path=path, line=1)
    return int(fields[0]), int(fields[1])


def _vector(numbers: list[bytes], path: Path, line: int) -> NDArray[np.float32]:
    try:
        vector_E = np.array([float(number) for number in numbers], dtype=np.float32)
    except ValueError as error:
        raise CorpusError(f"found {error}, expected numbers", path=path, line=line) from error
    if not np.isfinite(vector_E).all():
        raise CorpusError("found a number that is not finite, expected finite ones", path=path, line=line)
    return vector_E
