"""Word vectors for a vocabulary, and the text format that they are published in (`.vec`, `.align.vec`).

Axes: N words that have a vector, E word vector.

A .vec file is a line "COUNT SIZE", then COUNT lines of a word and SIZE numbers, the most frequent word first. It may hold
millions of words, so it is streamed and only what the vocabulary knows is kept.
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
class WordVectors:
    """`vectors_NE[n]` is the vector of the word in row `rows_N[n]` of the word table; rows ascend."""

    rows_N: NDArray[np.int64]
    vectors_NE: NDArray[np.float32]

    @classmethod
    def collect(cls, vectors: Mapping[int, NDArray[np.float32]], *, size: int) -> WordVectors:
        """From the vector of each row; one that is all zeros says that its source does not know the word."""
        rows = sorted(row for row, vector_E in vectors.items() if vector_E.any())
        vectors_NE = np.array([vectors[row] for row in rows], dtype=np.float32)
        return cls(np.array(rows, dtype=np.int64), vectors_NE.reshape(len(rows), size))


class Reader(Protocol):
    """Reads the vectors of the vocabulary's words from a file."""

    def __call__(self, path: Path, vocabulary: Vocabulary, *, size: int, progress: Progress) -> WordVectors:
        """Raises CorpusError for a file that is not of its format, ConfigError if its vectors are not of `size`."""


class _Kept(NamedTuple):
    is_exact: bool
    vector_E: NDArray[np.float32]


def read_vec(path: Path, vocabulary: Vocabulary, *, size: int, progress: Progress) -> WordVectors:
    """Vectors from a .vec file.

    A word of the file counts under its normalised form ("Paris" as "paris"), the more frequent first, but never
    in place of the vector of that form itself.
    """
    rows = vocabulary.word_rows
    kept: dict[int, _Kept] = {}
    try:
        with path.open("rb") as file:
            for line, word, numbers in _entries(file, path, size, progress):
                text = word.decode("utf-8", "replace")
                folded = normalise(text)
                row = rows.get(folded)
                if row is None or (row in kept and (kept[row].is_exact or text != folded)):
                    continue
                kept[row] = _Kept(text == folded, _vector(numbers, path, line))
    except OSError as error:
        raise CorpusError(
            f"found no readable file ({error.strerror}), expected word vectors", path=path
        ) from error
    return WordVectors.collect({row: entry.vector_E for row, entry in kept.items()}, size=size)


def check_size(path: Path, *, found: int, size: int) -> None:
    """Refuse vectors of another size than the word table's."""
    if found != size:
        raise ConfigError(
            f"joint.embedder.word_size: found {size}, expected {found}, the size of the vectors in {path}"
        )


def _entries(
    file: BinaryIO, path: Path, size: int, progress: Progress
) -> Iterator[tuple[int, bytes, list[bytes]]]:
    """Line number, word and numbers of each entry; only an ASCII space parts them, for words may hold others."""
    count, found = _header(file.readline(), path)
    check_size(path, found=found, size=size)
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
