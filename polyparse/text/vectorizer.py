"""Text to arrays: what a model reads of an utterance, and padded batches of it. Nothing else makes arrays of text.

Axes: B items, T tokens, U distinct words of the batch (0 is padding), C characters, F features.
Everything that depends on one word alone is worked out once and kept in a cache, bounded in entries and in their length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.frame import Utterance
from polyparse.text.features import (
    BOUNDARY,
    MAX_WORD_CHARACTERS,
    FeatureTable,
    pair_hash,
    word_features,
    word_hash,
)
from polyparse.text.tokens import CHUNK, pieces
from polyparse.text.vocabulary import PADDING, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

CACHED_WORDS = 65_536
CACHED_CHARACTERS = 64  # a longer chunk or word is worked out each time


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """What one word gives a model wherever it stands; compared by identity."""

    row: int
    characters_C: NDArray[np.int32]
    feature_rows: tuple[int, ...]
    hash: int


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An utterance ready to be batched; `starts` and `ends` are its tokens' code point offsets."""

    utterance: Utterance
    starts: list[int]
    ends: list[int]
    words: list[Word]
    features: list[int]

    @property
    def n_tokens(self) -> int:
        """Length of the token axis."""
        return len(self.words)

    @property
    def n_best(self) -> int:
        """How many frames are wanted."""
        return self.utterance.n_best


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Padded arrays of several items; `words_BT[b, t] - 1` is a token's place in `distinct`, and 0 there is padding."""

    words_BT: NDArray[np.int64]
    distinct: tuple[Word, ...]
    features_BF: NDArray[np.int64]
    lengths_B: NDArray[np.int32]

    @property
    def word_rows_U(self) -> NDArray[np.int64]:
        """`rows_of` the distinct words."""
        return rows_of(self.distinct)

    @property
    def characters_UC(self) -> NDArray[np.int64]:
        """`characters_of` the distinct words."""
        return characters_of(self.distinct)

    @property
    def padding(self) -> float:
        """Share of the token grid that is padding."""
        return 1.0 - float(self.lengths_B.sum()) / max(1, self.words_BT.size)


class Vectorizer:
    """Texts to items to batches, under one vocabulary and feature table. Safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary, features: FeatureTable | None) -> None:
        self._word_rows = vocabulary.word_rows
        self._character_rows = vocabulary.character_rows
        self._feature_rows = features.rows if features is not None else {}
        self._word = lru_cache(maxsize=CACHED_WORDS)(self._make_word)
        self._chunk = lru_cache(maxsize=CACHED_WORDS)(self._make_chunk)

    def item(self, utterance: Utterance) -> Item:
        """Cut the text into tokens and look each one up. A text without any token gives an item of length 0."""
        starts: list[int] = []
        ends: list[int] = []
        words: list[Word] = []
        for match in CHUNK.finditer(utterance.text):
            chunk, offset = match.group(), match.start()
            cut = self._chunk(chunk) if len(chunk) <= CACHED_CHARACTERS else self._make_chunk(chunk)
            for start, end, word in cut:
                starts.append(offset + start)
                ends.append(offset + end)
                words.append(word)
        return Item(utterance, starts, ends, words, self._features(words) if self._feature_rows else [])

    def cache_counts(self) -> tuple[int, int]:
        """(hits, misses) of the chunk cache since the start."""
        info = self._chunk.cache_info()
        return info.hits, info.misses

    def _features(self, words: Sequence[Word]) -> list[int]:
        """Rows of the utterance's features: those of its words and of its pairs of adjacent words."""
        rows: list[int] = []
        lookup = self._feature_rows.get
        left = BOUNDARY
        for word in words:
            rows += word.feature_rows
            if row := lookup(pair_hash(left, word.hash)):
                rows.append(row)
            left = word.hash
        if row := lookup(pair_hash(left, BOUNDARY)):
            rows.append(row)
        return rows

    def _make_chunk(self, chunk: str) -> tuple[tuple[int, int, Word], ...]:
        return tuple(
            (start, end, self._word(text) if len(text) <= CACHED_CHARACTERS else self._make_word(text))
            for text, start, end in pieces(chunk)
        )

    def _make_word(self, text: str) -> Word:
        characters = [self._character_rows.get(c, UNKNOWN) for c in text[:MAX_WORD_CHARACTERS]]
        found = (self._feature_rows.get(feature) for feature in word_features(text))
        return Word(
            row=self._word_rows.get(text, UNKNOWN),
            characters_C=np.array(characters, dtype=np.int32),
            feature_rows=tuple(row for row in found if row),
            hash=word_hash(text),
        )


def collate(items: Sequence[Item]) -> Batch:
    """Pad items into one batch; each distinct word is listed once. At least one item with at least one token is expected."""
    distinct: dict[Word, int] = {}
    lengths_B = np.array([len(item.words) for item in items], dtype=np.int32)
    places = [distinct.setdefault(word, len(distinct) + 1) for item in items for word in item.words]
    return Batch(
        words_BT=_padded(places, lengths_B),
        distinct=tuple(distinct),
        features_BF=_padded(
            [row for item in items for row in item.features], np.array([len(item.features) for item in items])
        ),
        lengths_B=lengths_B,
    )


def rows_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Rows of the words' vectors, shape (1 + U,): padding stands before the words."""
    return np.array([PADDING, *(word.row for word in words)], dtype=np.int64)


def characters_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Rows of the words' characters, shape (1 + U, C), zeros behind them: padding stands before the words, and has none."""
    letters = [_NO_LETTERS, *(word.characters_C for word in words)]
    return _padded(np.concatenate(letters), np.array([len(word) for word in letters]))


_NO_LETTERS = np.zeros(0, dtype=np.int32)


def _padded(flat: Sequence[int] | NDArray[np.int32], lengths_N: NDArray[np.integer]) -> NDArray[np.int64]:
    """Rows laid end to end -> rows of one length, zeros behind; at least one column."""
    longest = max(1, int(lengths_N.max()))
    padded = np.zeros((len(lengths_N), longest), dtype=np.int64)
    padded[np.arange(longest) < lengths_N[:, None]] = flat
    return padded
