"""Vectors of words, each made once: what the embed graph gives for a word depends on nothing but the word.

Axes: U distinct words of a batch (row 0 is padding), E word vector.
"""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from polyparse.text.vectorizer import characters_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.runtime.session import Session
    from polyparse.text.vectorizer import Word

    Floats = NDArray[np.float32]


class WordVectors:
    """The vectors of one network, kept up to a number of bytes; the words that came first go first. Safe between threads."""

    def __init__(self, embed: Session, *, max_bytes: int) -> None:
        self._embed = embed
        self._padding_E: Floats = self._make([])[0]
        self._kept: dict[Word, Floats] = {}
        self._most = max(1, max_bytes // self._padding_E.nbytes)
        self._writing = Lock()

    def __len__(self) -> int:
        """How many words are kept."""
        return len(self._kept)

    def of(self, words: Sequence[Word]) -> Floats:
        """vectors_UE of padding and the words, in their order; those not yet known are made in one run."""
        found = [self._kept.get(word) for word in words]
        if missing := [word for word, vector in zip(words, found, strict=True) if vector is None]:
            made = dict(zip(missing, map(np.copy, self._make(missing)[1:]), strict=True))
            self._keep(made)
            found = [
                made[word] if vector is None else vector for word, vector in zip(words, found, strict=True)
            ]
        vectors_UE: Floats = np.concatenate([self._padding_E, *found]).reshape(1 + len(words), -1)
        return vectors_UE

    def _make(self, words: Sequence[Word]) -> Floats:
        """vectors_UE by the graph, padding first."""
        inputs = {"word_rows_U": rows_of(words), "characters_UC": characters_of(words)}
        (vectors_UE,) = self._embed.run(inputs)
        return vectors_UE

    def _keep(self, made: dict[Word, Floats]) -> None:
        with self._writing:
            self._kept.update(made)
            for word in list(islice(self._kept, max(0, len(self._kept) - self._most))):
                del self._kept[word]
