"""Word vectors, each computed once: the embed graph's output for a word depends on the word alone.

Axes: U distinct words of a batch (entry 0 is padding), E word vector.
"""

from __future__ import annotations

from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from polyparse.text.vectorizer import characters_of, ids_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.runtime.session import Session
    from polyparse.text.words import Word

    Floats = NDArray[np.float32]


class WordVectorCache:
    """A cache of one network's word vectors, at most `max_bytes` of them, first in, first out. Safe between threads."""

    def __init__(self, embed: Session, *, max_bytes: int) -> None:
        self._embed = embed
        self._padding_E: Floats = self._embedded([])[0]
        self._vectors: dict[Word, Floats] = {}
        self._capacity = max(1, max_bytes // self._padding_E.nbytes)
        self._lock = Lock()

    def __len__(self) -> int:
        """How many words are cached."""
        return len(self._vectors)

    def of(self, words: Sequence[Word]) -> Floats:
        """vectors_UE of padding and the words, in their order; those not yet cached are computed in one run."""
        vectors = [self._vectors.get(word) for word in words]
        if missing := [word for word, vector in zip(words, vectors, strict=True) if vector is None]:
            computed = dict(zip(missing, map(np.copy, self._embedded(missing)[1:]), strict=True))
            self._store(computed)
            vectors = [
                computed[word] if vector is None else vector
                for word, vector in zip(words, vectors, strict=True)
            ]
        vectors_UE: Floats = np.concatenate([self._padding_E, *vectors]).reshape(1 + len(words), -1)
        return vectors_UE

    def _embedded(self, words: Sequence[Word]) -> Floats:
        """vectors_UE by the graph, padding first."""
        inputs = {"word_rows_U": ids_of(words), "characters_UC": characters_of(words)}
        (vectors_UE,) = self._embed.run(inputs)
        return vectors_UE

    def _store(self, vectors: dict[Word, Floats]) -> None:
        with self._lock:
            self._vectors.update(vectors)
            for word in list(islice(self._vectors, max(0, len(self._vectors) - self._capacity))):
                del self._vectors[word]
