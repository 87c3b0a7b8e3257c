"""Text to arrays: the inputs of a model for an utterance, and padded batches. Nothing else makes arrays of text.

Axes: B items, T tokens, U distinct words of the batch (0 is padding), C characters, F features.
Everything that depends on one word alone is computed once and cached; the cache is bounded in entries and their length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.frame import Utterance
from polyparse.text.features import BOUNDARY, FeatureTable, pair_hash
from polyparse.text.tokens import chunks
from polyparse.text.vocabulary import PADDING, Vocabulary
from polyparse.text.words import CACHED_CHARACTERS, CACHED_WORDS, ChunkWords, Word, WordMaker, Words

if TYPE_CHECKING:
    from collections.abc import Sequence

Lookup = Callable[[str], Words]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An utterance ready to be batched; `starts` and `ends` are its tokens' code point offsets, `features` are ids."""

    utterance: Utterance
    starts: list[int]
    ends: list[int]
    words: list[Word]
    features: list[int]

    @property
    def n_tokens(self) -> int:
        """How many tokens the utterance has."""
        return len(self.words)

    @property
    def n_best(self) -> int:
        """How many hypotheses the caller asks for."""
        return self.utterance.n_best


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Padded arrays of several items; `words_BT[b, t] - 1` is a token's index in `distinct`, and 0 there is padding."""

    words_BT: NDArray[np.int64]
    distinct: tuple[Word, ...]
    features_BF: NDArray[np.int64]
    lengths_B: NDArray[np.int32]

    @property
    def word_ids_U(self) -> NDArray[np.int64]:
        """`ids_of` the distinct words."""
        return ids_of(self.distinct)

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
        self.vocabulary = vocabulary
        self._feature_ids = features.ids if features is not None else {}
        self._words = ChunkWords(WordMaker(vocabulary, self._feature_ids))
        self._chunk = lru_cache(maxsize=CACHED_WORDS)(self._words.of_chunk)

    def item(self, utterance: Utterance) -> Item:
        """Cut the text into tokens and look each one up. A text without any token gives an item of length 0."""
        item = self._item(utterance, self._chunk, self._words.of_chunk)
        return item if item.words else self._item(utterance, self._words.of_marks, self._words.of_marks)

    def _item(self, utterance: Utterance, short: Lookup, long: Lookup) -> Item:
        """The item of a text whose chunks of up to CACHED_CHARACTERS are looked up by `short`, the others by `long`."""
        starts: list[int] = []
        ends: list[int] = []
        words: list[Word] = []
        for match in chunks(utterance.text):
            chunk, offset = match.group(), match.start()
            for start, end, word in short(chunk) if len(chunk) <= CACHED_CHARACTERS else long(chunk):
                starts.append(offset + start)
                ends.append(offset + end)
                words.append(word)
        return Item(utterance, starts, ends, words, self._features(words) if self._feature_ids else [])

    def cache_counts(self) -> tuple[int, int]:
        """(hits, misses) of the chunk cache since the start."""
        info = self._chunk.cache_info()
        return info.hits, info.misses

    def _features(self, words: Sequence[Word]) -> list[int]:
        """Ids of the utterance's features: those of its words and of its pairs of adjacent words."""
        ids: list[int] = []
        lookup = self._feature_ids.get
        left = BOUNDARY
        for word in words:
            ids += word.feature_ids
            if pair_id := lookup(pair_hash(left, word.hash)):
                ids.append(pair_id)
            left = word.hash
        if pair_id := lookup(pair_hash(left, BOUNDARY)):
            ids.append(pair_id)
        return ids


def collate(items: Sequence[Item]) -> Batch:
    """Pad items into one batch; each distinct word is listed once. At least one item with at least one token is expected."""
    distinct: dict[Word, int] = {}
    lengths_B = np.array([len(item.words) for item in items], dtype=np.int32)
    places = [distinct.setdefault(word, len(distinct) + 1) for item in items for word in item.words]
    return Batch(
        words_BT=_padded(places, lengths_B),
        distinct=tuple(distinct),
        features_BF=_padded(
            [feature_id for item in items for feature_id in item.features],
            np.array([len(item.features) for item in items]),
        ),
        lengths_B=lengths_B,
    )


def ids_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Ids of the words, shape (1 + U,): padding stands before the words."""
    return np.array([PADDING, *(word.id for word in words)], dtype=np.int64)


def characters_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Ids of the words' characters, shape (1 + U, C), zeros behind them; padding, without any, stands before the words."""
    characters = [_NO_CHARACTERS, *(word.characters_C for word in words)]
    return _padded(np.concatenate(characters), np.array([len(word) for word in characters]))


_NO_CHARACTERS = np.zeros(0, dtype=np.int32)


def _padded(flat: Sequence[int] | NDArray[np.int32], lengths_N: NDArray[np.integer]) -> NDArray[np.int64]:
    """Sequences laid end to end -> sequences of one length, zeros behind; at least one column."""
    longest = max(1, int(lengths_N.max()))
    padded = np.zeros((len(lengths_N), longest), dtype=np.int64)
    padded[np.arange(longest) < lengths_N[:, None]] = flat
    return padded
