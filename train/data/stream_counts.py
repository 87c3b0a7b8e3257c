"""What is counted while a corpus streams by, in bounded memory: words, features, and a sample of utterances."""

from __future__ import annotations

from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from polyparse.text.features import FeatureTable, utterance_features, word_features
from polyparse.text.forms import words_of
from polyparse.text.vocabulary import Vocabulary
from train.data.bounded_counts import BoundedCounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from train.config import RunConfig

REMEMBERED = 65_536
"""Words whose features are not hashed again."""
HASH_BYTES = 8


class StreamCounts:
    """How often each word occurs, in how many utterances each word and each feature; the most frequent of each.

    `missed` is the most that a count lacks (`train.data.bounded_counts`).
    """

    def __init__(self, config: RunConfig) -> None:
        self._config, stream = config, config.stream
        self._words = BoundedCounts[str](stream.words)
        self._texts = BoundedCounts[str](stream.words)
        self._features = BoundedCounts[int](stream.features)
        self._of_word = lru_cache(REMEMBERED)(word_features)

    @property
    def missed(self) -> int:
        """The most that a count lacks; 0 where all of them are exact."""
        return max(self._words.missed, self._texts.missed, self._features.missed)

    def exact(self) -> StreamCounts:
        """Counts from nothing of what is left, for a second pass over the same corpus."""
        again = StreamCounts(self._config)
        again._words, again._texts = self._words.exact(), self._texts.exact()
        again._features = self._features.exact()
        return again

    def through(self, examples: Iterable[Example]) -> Iterator[Example]:
        """The same examples, each counted as it passes by."""
        for example in examples:
            words = words_of(example.text)
            self._words.add(words)
            if self._config.classifier is not None:
                self._features.add(set(utterance_features(words, self._of_word)))
                if self._config.classifier.bag is not None:
                    self._texts.add(set(words))
            yield example

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Of the most frequent words those that occur often enough, and the characters of all of them."""
        embedder = self._config.joint.embedder
        return Vocabulary.of_counts(
            self._words.most_common(1),
            min_word_count=embedder.min_word_count,
            min_character_count=embedder.min_character_count,
            case_marks=embedder.case_size > 0,
        )

    def features(self, least: int) -> tuple[FeatureTable, NDArray[np.int64]]:
        """The most frequent features of `least` utterances or more, by their hash; counts_V, 0 for padding."""
        counts = sorted(self._features.most_common(least).items())
        hashes = np.array([feature for feature, _ in counts], dtype=np.uint32)
        return FeatureTable(hashes), np.array([0, *(n for _, n in counts)], dtype=np.int64)

    def utterances_with(self, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """In how many utterances each known word occurs, counts_W, in its order."""
        counts = self._texts.counts
        return np.array([counts[word] for word in vocabulary.words], dtype=np.int64)


class Sample:
    """At most `size` utterances of a stream, those whose ids have the lowest hashes: translations, which share an id, are
    in it together, whatever the order. The hash below which an utterance is in it halves whenever there are too many.
    """

    def __init__(self, size: int) -> None:
        self.examples: list[Example] = []
        self._size, self._below = size, 1 << 8 * HASH_BYTES

    def through(self, examples: Iterable[Example]) -> Iterator[Example]:
        """The same examples, some of which are kept as they pass by."""
        for example in examples:
            self.add(example)
            yield example

    def add(self, example: Example) -> None:
        """Keep the example, if it is one of the sample."""
        if not self.has(example):
            return
        self.examples.append(example)
        while len(self.examples) > self._size:
            self._below //= 2
            self.examples = [one for one in self.examples if self.has(one)]

    def has(self, example: Example) -> bool:
        """Whether an utterance of this id belongs to it."""
        digest = blake2b(example.id.encode(), digest_size=HASH_BYTES).digest()
        return int.from_bytes(digest, "big") < self._below
