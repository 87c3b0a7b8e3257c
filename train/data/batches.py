"""The batches of an epoch, and the seed of everything random in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

import numpy as np

from polyparse.inference.batches import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Item
    from train.config import RunConfig

    Integers = NDArray[np.int64]

T_co = TypeVar("T_co", covariant=True)

WINDOW = 262_144
"""Items that are shuffled together: more than these are never looked at at once."""
POOL = 16
"""Batches whose items are sorted by length together, where batches are padded."""
CHUNK = 64
"""Neighbours in a corpus of several windows that come into the same one."""


class Batches(Protocol[T_co]):
    """The batches of a pass; made while they are passed through, where a corpus is larger than memory."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[T_co]:
        """Each of them, in the order of the pass."""


class Lengths(Protocol):
    """How many tokens each item of a corpus has, which may stand on disk; an array is one."""

    def __len__(self) -> int:
        """How many items there are."""

    def __getitem__(self, positions: slice, /) -> Integers:
        """The lengths of the items at neighbouring positions."""


@runtime_checkable
class Measured(Protocol):
    """Items that are not in memory, and say how long they are without being read."""

    @property
    def lengths(self) -> Lengths:
        """Their lengths."""


def epoch_seed(config: RunConfig, epoch: int) -> int:
    """The seed of everything random in an epoch; epochs are counted from 0."""
    return config.seed * 100_003 + epoch


def lengths_of(items: Sequence[Item]) -> Lengths:
    """The lengths of the items."""
    if isinstance(items, Measured):
        return items.lengths
    return np.array([item.n_tokens for item in items], dtype=np.int64)


def batches_of(lengths: Lengths, size: int, seed: int, *, padded: bool) -> Batches[list[int]]:
    """Batches of the positions of items of one length, or of similar ones where they may be padded."""
    return (SimilarLengthBatches if padded else EqualLengthBatches)(lengths, size, seed)


@dataclass(frozen=True)
class SimilarLengthBatches:
    """Batches of `size` positions, but for the last one, of items that are about as long as each other.

    The seed shuffles all items, which are then sorted by length in groups of POOL batches, and the batches.
    """

    lengths: Lengths
    size: int
    seed: int

    def __len__(self) -> int:
        return (len(self.lengths) + self.size - 1) // self.size

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng(self.seed)
        order = random.permutation(len(self.lengths))
        lengths = self.lengths[: len(self.lengths)]
        pools = [order[first : first + POOL * self.size] for first in range(0, len(order), POOL * self.size)]
        sorted_pools = (pool[np.argsort(lengths[pool], kind="stable")].tolist() for pool in pools)
        batches = cut([position for pool in sorted_pools for position in pool], self.size)
        yield from (batches[place] for place in random.permutation(len(batches)))


@dataclass(frozen=True)
class EqualLengthBatches:
    """Batches of at most `size` positions of items of equal length, so that nothing is padded.

    The seed shuffles items and batches. A corpus of more than WINDOW items is passed through window by window, each of
    chunks of neighbours from all over the corpus, so that memory does not grow with the corpus.
    """

    lengths: Lengths
    size: int
    seed: int

    def __len__(self) -> int:
        counts = (np.bincount(self._lengths(starts)) for starts in self._windows())
        return sum(int((-(-count // self.size)).sum()) for count in counts)

    def __iter__(self) -> Iterator[list[int]]:
        for number, starts in enumerate(self._windows()):
            seed = self.seed if number == 0 else [self.seed, number]
            positions = np.concatenate([np.arange(*self._range(start)) for start in starts])
            order = np.random.default_rng(seed).permutation(len(positions))
            by_length: defaultdict[int, list[int]] = defaultdict(list)
            for position, length in zip(
                positions[order].tolist(), self._lengths(starts)[order].tolist(), strict=True
            ):
                by_length[length].append(position)
            batches = [batch for alike in by_length.values() for batch in cut(alike, self.size)]
            seed = self.seed + 1 if number == 0 else [self.seed + 1, number]
            yield from (batches[i] for i in np.random.default_rng(seed).permutation(len(batches)))

    def _windows(self) -> Iterator[list[int]]:
        """Where the chunks of each window start; the whole corpus is one chunk, where it is one window."""
        if len(self.lengths) <= WINDOW:
            yield from [[0]] if len(self.lengths) else []
            return
        n_chunks = -(-len(self.lengths) // CHUNK)
        starts = np.random.default_rng(self.seed).permutation(n_chunks) * CHUNK
        for first in range(0, n_chunks, WINDOW // CHUNK):
            yield starts[first : first + WINDOW // CHUNK].tolist()

    def _lengths(self, starts: Sequence[int]) -> Integers:
        return np.concatenate([self.lengths[slice(*self._range(start))] for start in starts])

    def _range(self, start: int) -> tuple[int, int]:
        n_items = len(self.lengths)
        return start, min(n_items, start + CHUNK) if n_items > WINDOW else n_items
