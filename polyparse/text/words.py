"""A model's inputs for single words, each made once and cached; the cache is bounded in entries and their length."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.text.addresses import spelling
from polyparse.text.features import MAX_WORD_CHARACTERS, word_features, word_hash
from polyparse.text.forms import form_of
from polyparse.text.tokens import pieces, pieces_with_marks
from polyparse.text.vocabulary import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.text.tokens import Token
    from polyparse.text.vocabulary import Vocabulary

CACHED_WORDS = 65_536
CACHED_CHARACTERS = 64  # a longer chunk or word is not cached


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A model's inputs for one word, the same wherever it occurs, as ids; compared by identity."""

    id: int
    characters_C: NDArray[np.int32]
    feature_ids: tuple[int, ...]
    hash: int


Words = tuple[tuple[int, int, Word], ...]
"""(start, end, word) of each token of a chunk."""


class WordMaker:
    """Makes the inputs for a word under one vocabulary; `feature_ids` are ids by hash."""

    def __init__(self, vocabulary: Vocabulary, feature_ids: Mapping[int, int]) -> None:
        self._vocabulary = vocabulary
        _ = vocabulary.marked_words  # made now, rather than while a request waits
        self._feature_ids = feature_ids

    def make(self, text: str) -> Word:
        """The inputs for a token of a text."""
        form = form_of(text, self._vocabulary)
        character_id = self._vocabulary.character_ids.get
        characters = [character_id(c, UNKNOWN) for c in spelling(form)[:MAX_WORD_CHARACTERS]]
        feature_ids = (self._feature_ids.get(feature) for feature in word_features(form))
        return Word(
            id=self._vocabulary.word_ids.get(form, UNKNOWN),
            characters_C=np.array(characters, dtype=np.int32),
            feature_ids=tuple(feature_id for feature_id in feature_ids if feature_id),
            hash=word_hash(form),
        )


class ChunkWords:
    """The words of a chunk of text. What is cached knows nothing of its cache, so that the last reference frees all."""

    def __init__(self, maker: WordMaker) -> None:
        self._make = maker.make
        self._cached = lru_cache(maxsize=CACHED_WORDS)(maker.make)

    def of_chunk(self, chunk: str) -> Words:
        """The words of a chunk."""
        return self._look_up(pieces(chunk))

    def of_marks(self, chunk: str) -> Words:
        """The words of a chunk in which every mark is one."""
        return self._look_up(pieces_with_marks(chunk))

    def cached(self) -> int:
        """How many words are cached."""
        return self._cached.cache_info().currsize

    def _look_up(self, tokens: Sequence[Token]) -> Words:
        return tuple(
            (start, end, self._cached(text) if len(text) <= CACHED_CHARACTERS else self._make(text))
            for text, start, end in tokens
        )
