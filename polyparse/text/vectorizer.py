"""Text to arrays: the inputs of a model for an utterance, and padded batches. Nothing else makes arrays of text.

Axes: B items, T tokens, U distinct words of the batch (0 is padding), C characters, F features of an utterance, L features
of a token, N sequences.
Everything that depends on one word alone is computed once and cached; the cache is bounded in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.contract.frame import Utterance
from polyparse.text.chunks import chunks
from polyparse.text.features import BOUNDARY, FeatureTable, pair_hash
from polyparse.text.number_reader import DIGIT, NumberReader
from polyparse.text.token_features import surroundings_of
from polyparse.text.tokenised import TokenisedTexts
from polyparse.text.vocabulary import PADDING, Vocabulary
from polyparse.text.word_cache import LONGEST, WordCache
from polyparse.text.words import CHARACTER, Word, WordMaker, Words, known
from polyparse.text.work import Work

if TYPE_CHECKING:
    from polyparse.text.language import LanguageTable
    from polyparse.text.spelling import Spelling

Lookup = Callable[[str], Words]

MAX_BYTES = 22_000_000
"""The most that a model keeps of words: the 23,000 chunks of MASSIVE in four languages, train and dev, take 18 million."""


NO_TOKEN_FEATURES = np.zeros((0, 0, 0), dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An utterance ready to be batched; `starts` and `ends` are its tokens' code point offsets, `features` are ids.

    `token_features` are those of each token, by a model that has a table of them.
    """

    utterance: Utterance
    starts: list[int]
    ends: list[int]
    words: list[Word]
    features: list[int]
    token_features: Sequence[Sequence[int]] = ()

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
    """Padded arrays of several items; `words_BT[b, t] - 1` is a token's index in `distinct`, and 0 there is padding.

    `token_features_BTL` is NO_TOKEN_FEATURES for a model without a table of them.
    """

    words_BT: NDArray[np.int64]
    distinct: tuple[Word, ...]
    features_BF: NDArray[np.int64]
    lengths_B: NDArray[np.int32]
    work: Work = field(default_factory=Work)
    """Of the networks that score it, where they count it."""
    token_features_BTL: NDArray[np.int64] = field(default_factory=lambda: NO_TOKEN_FEATURES)

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
    """Texts to items to batches, under one vocabulary and tables of features. Safe to share between threads."""

    def __init__(  # noqa: PLR0913 - the tables of a model, of which most models have few
        self,
        vocabulary: Vocabulary,
        features: FeatureTable | None,
        token_features: FeatureTable | None = None,
        *,
        max_bytes: int = MAX_BYTES,
        tokenised: TokenisedTexts | None = None,
        read_numbers: Sequence[str] = (),
        languages: LanguageTable | None = None,
        spelling: Spelling | None = None,
    ) -> None:
        """`features` are those of utterances; `max_bytes` bound what is kept of words that were seen.

        Texts that are `tokenised` are not cut again. Numbers in digits are looked up by the words that say them in the
        locales of `read_numbers`, misspelled words by those that `spelling` says are meant. `languages` are for a screen
        that refuses what is in none of them.
        """
        self.vocabulary = vocabulary
        self.tokenised = tokenised or TokenisedTexts()
        self._feature_ids = features.ids if features is not None else {}
        self._token_feature_ids = token_features.ids if token_features is not None else None
        make = WordMaker(vocabulary, self._feature_ids, self._token_feature_ids, languages, spelling).make
        self._words = WordCache(make, max_bytes=max_bytes, case_marks=vocabulary.case_marks)
        self._kept = self._words.__getitem__
        self._numbers = NumberReader(vocabulary, self._feature_ids, read_numbers) if read_numbers else None

    def item(self, utterance: Utterance) -> Item:
        """Cut the text into tokens and look each one up. A text without any token gives an item of length 0."""
        if (tokens := self.tokenised.find(utterance.text)) is not None:
            starts, ends = [token.start for token in tokens], [token.end for token in tokens]
            return self._of_words(utterance, starts, ends, self._words.of_tokens(tokens))
        item = self._item(utterance, self._kept, self._words.of_chunk)
        return item if item.words else self._item(utterance, self._words.of_marks, self._words.of_marks)

    def _item(self, utterance: Utterance, short: Lookup, long: Lookup) -> Item:
        """The item of a text whose chunks of up to LONGEST characters are looked up by `short`, the others by `long`."""
        starts: list[int] = []
        ends: list[int] = []
        words: list[Word] = []
        for match in chunks(utterance.text):
            chunk, offset = match.group(), match.start()
            for start, end, word in short(chunk) if len(chunk) <= LONGEST else long(chunk):
                starts.append(offset + start)
                ends.append(offset + end)
                words.append(word)
        return self._of_words(utterance, starts, ends, words)

    def _of_words(self, utterance: Utterance, starts: list[int], ends: list[int], words: list[Word]) -> Item:
        if self._numbers is not None and DIGIT.search(utterance.text):
            starts, ends, words = self._with_readings(self._numbers, utterance, starts, ends, words)
        features = self._features(words) if self._feature_ids else []
        return Item(utterance, starts, ends, words, features, self._token_features(words))

    def _with_readings(
        self,
        numbers: NumberReader,
        utterance: Utterance,
        starts: list[int],
        ends: list[int],
        words: list[Word],
    ) -> tuple[list[int], list[int], list[Word]]:
        """The tokens, in place of those of a number the words that say it: these share its place in the text."""
        hashes = [word.hash for word in words]
        new_starts: list[int] = []
        new_ends: list[int] = []
        new_words: list[Word] = []
        done = 0
        readings = [*numbers.readings(utterance.text, utterance.locale, starts, ends, hashes)]
        for first, end, said in readings:
            new_starts += [*starts[done:first], *[starts[first]] * len(said)]
            new_ends += [*ends[done:first], *[ends[end - 1]] * len(said)]
            new_words += [*words[done:first], *map(self._words.of_word, said)]
            done = end
        return new_starts + starts[done:], new_ends + ends[done:], new_words + words[done:]

    def kept_chunks(self) -> list[str]:
        """The chunks of texts that need not be cut and looked up again, the first one first."""
        return self._words.chunks()

    def misses(self) -> int:
        """How many chunks of texts were cut and looked up since the start, because they were not kept."""
        return self._words.misses

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

    def _token_features(self, words: Sequence[Word]) -> Sequence[tuple[int, ...]]:
        """Ids of each token's features, those of its word and of what is around it; nothing without a table."""
        ids = self._token_feature_ids
        if ids is None:
            return ()
        surroundings = surroundings_of([word.hash for word in words])
        return [
            word.token_feature_ids + known(around, ids)
            for word, around in zip(words, surroundings, strict=True)
        ]


def collate(items: Sequence[Item], work: Work | None = None) -> Batch:
    """Pad items into one batch; each distinct word is listed once. At least one item with at least one token is expected.

    `work` is that of the batch that they are a part of.
    """
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
        token_features_BTL=_token_features(items, lengths_B)
        if items[0].token_features
        else NO_TOKEN_FEATURES,
        work=work or Work(),
    )


def ids_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Ids of the words, shape (1 + U,): padding stands before the words."""
    return np.array([PADDING, *(word.id for word in words)], dtype=np.int64)


def characters_of(words: Sequence[Word]) -> NDArray[np.int64]:
    """Ids of the words' characters, shape (1 + U, C), zeros behind them; padding, without any, stands before the words."""
    characters = [b"", *(word.characters for word in words)]
    flat = np.frombuffer(b"".join(characters), dtype=CHARACTER)
    return _padded(flat, np.array([len(word) for word in characters]) // flat.itemsize)


def _token_features(items: Sequence[Item], lengths_B: NDArray[np.int32]) -> NDArray[np.int64]:
    """Ids of the features of every token, zeros behind them and in padding, shape (B, T, L)."""
    tokens = [features for item in items for features in item.token_features]
    features_NL = _padded(
        [feature_id for features in tokens for feature_id in features], np.array([*map(len, tokens)])
    )
    longest = int(lengths_B.max())
    features_BTL = np.zeros((len(items), longest, features_NL.shape[1]), dtype=np.int64)
    features_BTL[np.arange(longest) < lengths_B[:, None]] = features_NL
    return features_BTL


def _padded(flat: Sequence[int] | NDArray[np.int32], lengths_N: NDArray[np.integer]) -> NDArray[np.int64]:
    """Sequences laid end to end -> sequences of one length, zeros behind; at least one column."""
    longest = max(1, int(lengths_N.max()))
    padded = np.zeros((len(lengths_N), longest), dtype=np.int64)
    padded[np.arange(longest) < lengths_N[:, None]] = flat
    return padded
