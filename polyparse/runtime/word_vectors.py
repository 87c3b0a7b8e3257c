"""Word vectors, each computed once: the embed graph's output for a word depends on the word alone.

They are rows of one matrix, so that their memory is what it is meant to be, however often words come and go.

Axes: U distinct words of a batch (entry 0 is padding), N rows, E word vector.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from polyparse.text.vectorizer import characters_of, ids_of
from polyparse.text.vocabulary import UNKNOWN
from polyparse.text.words import CHARACTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.runtime.bucketed_session import BucketedSession
    from polyparse.runtime.session import Session
    from polyparse.text.words import Word

    Floats = NDArray[np.float32]

Key: TypeAlias = int | bytes | tuple[int, bytes]
"""What the graph sees of a word: the id of a known one, the characters of any other; where these begin with the mark of its
case, the id and this mark."""
KEY_BYTES = 256
"""What a key takes: itself, its place in the tables, the number of its row."""
AT_ONCE = 63
"""New words of a run, 64 entries with padding: a character takes up to a kilobyte in between, which the allocator keeps."""
NO_ROW = -1
MARK_BYTES = np.dtype(CHARACTER).itemsize


class WordVectorCache:
    """A cache of one network's word vectors, at most `max_bytes` of it, first in, first out. Safe between threads."""

    def __init__(self, embed: Session | BucketedSession, *, max_bytes: int, case_marks: bool = False) -> None:
        self._embed, self._case_marks = embed, case_marks
        self._padding_E: Floats = self._embedded([])[0]
        rows = max(1, max_bytes // (self._padding_E.nbytes + KEY_BYTES))
        self._vectors_NE: Floats = np.empty((rows, len(self._padding_E)), dtype=np.float32)
        self._rows: dict[Key, int] = {}
        self._keys: list[Key | None] = [None] * rows
        self._next = 0
        self._lock = Lock()

    def __len__(self) -> int:
        """How many words are cached."""
        return len(self._rows)

    def of(self, words: Sequence[Word]) -> Floats:
        """vectors_UE of padding and the words, in their order; those not yet cached are computed, AT_ONCE in a run."""
        vectors_UE = np.empty((1 + len(words), len(self._padding_E)), dtype=np.float32)
        vectors_UE[0] = self._padding_E
        keys = self._keys_of(words)
        with self._lock:  # A row must not be given to another word before it is read.
            rows = [self._rows.get(key, NO_ROW) for key in keys]
            vectors_UE[1:] = self._vectors_NE[rows]
        if missing := [place for place, row in enumerate(rows) if row == NO_ROW]:
            for first in range(0, len(missing), AT_ONCE):
                places = missing[first : first + AT_ONCE]
                computed_UE = self._embedded([words[place] for place in places])[1:]
                vectors_UE[1:][places] = computed_UE
                self._store([keys[place] for place in places], computed_UE)
        return vectors_UE

    def _keys_of(self, words: Sequence[Word]) -> list[Key]:
        if not self._case_marks:
            return [word.characters if word.id == UNKNOWN else word.id for word in words]
        return [
            word.characters if word.id == UNKNOWN else (word.id, word.characters[:MARK_BYTES])
            for word in words
        ]

    def _embedded(self, words: Sequence[Word]) -> Floats:
        """vectors_UE by the graph, padding first."""
        inputs = {"word_rows_U": ids_of(words), "characters_UC": characters_of(words)}
        (vectors_UE,) = self._embed.run(inputs)
        return vectors_UE

    def _store(self, keys: Sequence[Key], vectors_UE: Floats) -> None:
        """Write the vectors, each over that of the word that came first."""
        with self._lock:
            for key, vector_E in zip(keys, vectors_UE, strict=True):
                if key in self._rows:  # Another thread was as quick, or the batch has the word twice.
                    continue
                if (former := self._keys[self._next]) is not None:
                    del self._rows[former]
                self._vectors_NE[self._next] = vector_E
                self._rows[key], self._keys[self._next] = self._next, key
                self._next = (self._next + 1) % len(self._keys)
