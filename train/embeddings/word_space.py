"""A word space: the words of one language and their vectors, the most frequent word first; read from `.vec`, and written.

Axes: V words, E word vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import CorpusError
from polyparse.text.tokens import normalise
from train.embeddings.vec_format import header_of, lines_of, unreadable, vector_of, write_lines

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from train.progress import Progress

MOST_WORDS = 200_000
"""How many words of a file are read where nothing else is asked for: the most frequent ones, 240 MB of 300 numbers each."""


@dataclass(frozen=True, eq=False)
class WordSpace:
    """`vectors_VE[v]` is the vector of `words[v]`; no word stands twice, and no vector is all zeros."""

    words: tuple[str, ...]
    vectors_VE: NDArray[np.float32]

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors_VE.shape[1])

    @cached_property
    def rows(self) -> dict[str, int]:
        """Normalised form -> row of the word that equals it, else of the most frequent word of that form."""
        rows: dict[str, int] = {}
        for row, word in enumerate(self.words):
            form = normalise(word)
            if form and (form == word or form not in rows):
                rows[form] = row
        return rows


class LeftOut(NamedTuple):
    """What a file had that a space has not: words that stood there before, and words with a vector of zeros."""

    repeated: int
    zeros: int


def read_space(path: Path, *, limit: int, progress: Progress) -> WordSpace:
    """The first `limit` words of a .vec file; says in a line how many words these are, and what was left out.

    Of a word that stands there twice, the first vector is kept, that of the more frequent form. Raises CorpusError for a
    file of another format, and for one without words.
    """
    try:
        with path.open("rb") as file:
            space, left_out = _read(file, path, limit, progress)
    except OSError as error:
        raise unreadable(path, error) from error
    if not space.words:
        raise CorpusError("found no word with a vector, expected at least one", path=path)
    parts = (f"{left_out.repeated} repeated", f"{left_out.zeros} with a vector of zeros")
    note = f"; left out: {', '.join(parts)}" if any(left_out) else ""
    progress.say(f"{path}: {len(space.words)} words of {space.size} numbers{note}")
    return space


def write_space(path: Path, space: WordSpace) -> None:
    """Write a .vec file, from which `read_space` gives the same space again. Raises as `write_lines` does."""
    write_lines(path, space.words, space.vectors_VE)


def _read(file: BinaryIO, path: Path, limit: int, progress: Progress) -> tuple[WordSpace, LeftOut]:
    header = header_of(file, path)
    if not header.size:
        raise CorpusError("found vectors of 0 numbers, expected at least one number", path=path, line=1)
    words: dict[str, None] = {}
    vectors_VE = np.empty((0, header.size), dtype=np.float32)
    repeated = zeros = 0
    for line in lines_of(file, path, header, progress, limit=limit):
        vector_E = vector_of(line, path)
        word = line.word.decode("utf-8", "surrogateescape")
        if word in words:
            repeated += 1
        elif not vector_E.any():
            zeros += 1
        else:
            if not words:  # room is taken when a line has shown that the header is true
                vectors_VE = np.empty((min(limit, header.words), header.size), dtype=np.float32)
            vectors_VE[len(words)] = vector_E
            words[word] = None
    return WordSpace(tuple(words), vectors_VE[: len(words)]), LeftOut(repeated, zeros)
