"""The text format of word vectors, `.vec`: what is read as a stream, line by line, and what is written.

A .vec file is a line "COUNT SIZE", then COUNT lines of a word and SIZE numbers, the most frequent word first. Fields are
separated by ASCII spaces alone: words may contain other white space.

Axes: E word vector.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.atomic import replacing
from polyparse.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from train.progress import Progress

LINES_A_STEP = 10_000  # of the progress bar


class VecHeader(NamedTuple):
    """The first line: how many words the file says that it has, and how many numbers each."""

    words: int
    size: int


class VecLine(NamedTuple):
    """A line that is cut into its word and its numbers, which are not read as numbers yet."""

    number: int
    word: bytes
    numbers: Sequence[bytes]


def header_of(file: BinaryIO, path: Path) -> VecHeader:
    """Read the first line; raises CorpusError where it is not one."""
    text = file.readline()
    fields = text.split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields):
        raise CorpusError(f"found {text[:40]!r}, expected 'COUNT SIZE'", path=path, line=1)
    return VecHeader(int(fields[0]), int(fields[1]))


def lines_of(
    file: BinaryIO, path: Path, header: VecHeader, progress: Progress, *, limit: int | None = None
) -> Iterator[VecLine]:
    """The lines after the first one, at most `limit` of them; what stands behind these is not read.

    Raises CorpusError for a line with another number of fields, and for a file with another number of lines.
    """
    wanted = header.words if limit is None else min(limit, header.words)
    number = 1
    with progress.stage("word vectors", wanted) as step:
        for number, text in enumerate(islice(file, wanted) if wanted < header.words else file, start=2):
            word, *numbers = text.rstrip(b" \r\n").split(b" ")
            if len(numbers) != header.size:
                raise CorpusError(
                    f"found a word and {len(numbers)} numbers, expected {header.size}", path=path, line=number
                )
            if number - 1 <= wanted:
                yield VecLine(number, word, numbers)
            if number % LINES_A_STEP == 0:
                step(number)
        step(number - 1)
    if number - 1 != wanted:
        raise CorpusError(
            f"found {number - 1} vectors, expected {header.words} as the first line says", path=path
        )


def vector_of(line: VecLine, path: Path) -> NDArray[np.float32]:
    """The numbers of a line, shape (E,); raises CorpusError where one of them is none, or is not finite."""
    try:
        vector_E = np.array([float(number) for number in line.numbers], dtype=np.float32)
    except ValueError as error:
        raise CorpusError(f"found {error}, expected numbers", path=path, line=line.number) from error
    if not np.isfinite(vector_E).all():
        raise CorpusError(
            "found a number that is not finite, expected finite ones", path=path, line=line.number
        )
    return vector_E


def unreadable(path: Path, error: OSError) -> CorpusError:
    """What a file of vectors that cannot be read is refused by."""
    return CorpusError(f"found no readable file ({error.strerror}), expected word vectors", path=path)


def write_lines(path: Path, words: Sequence[str], vectors_VE: NDArray[np.float32]) -> None:
    """Write a .vec file in one step; nine digits, so that reading it gives the same float32 numbers.

    Raises ConfigError for a word that the format cannot hold, OSError where the file cannot be written.
    """
    pattern = " %.9g" * vectors_VE.shape[1] + "\n"
    with replacing(path) as file:
        file.write(b"%d %d\n" % vectors_VE.shape)
        for word, vector_E in zip(words, vectors_VE, strict=True):
            if " " in word or "\n" in word:
                raise ConfigError(
                    f"{path}: found the word {word!r}, expected none with a space or a line end"
                )
            file.write(word.encode("utf-8", "surrogateescape"))
            file.write((pattern % tuple(vector_E.tolist())).encode())
