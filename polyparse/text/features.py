"""MaxEnt features: hashed word and character n-grams, looked up in the table of those that a model has weights for.

A template is a string ("w=alarm", "c=^ala") hashed to 32 bits by CRC-32; a pair of adjacent words is the two words' hashes
mixed. The table holds the hashes that a model has weights for, so the id of a feature is a dictionary look-up, and a feature
that training never saw costs nothing. Two features that share a hash share an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError
from polyparse.text.addresses import spelling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MAX_WORD_CHARACTERS = 20
NGRAM_SIZES = (3, 4)
BOUNDARY = crc32(b"boundary")  # stands before the first word and after the last
_MIX = 0x9E3779B1  # Knuth's multiplicative constant, 2**32 / golden ratio


def word_hash(word: str) -> int:
    """Hash of the word itself, which is also its unigram feature."""
    return crc32(f"w={word}".encode("utf-8", "surrogatepass"))


def pair_hash(left: int, right: int) -> int:
    """Hash of two adjacent words, given theirs; order matters."""
    return ((left * _MIX) ^ (right + 0x7F4A7C15)) & 0xFFFFFFFF


def word_features(word: str) -> list[int]:
    """Hashes of the features that a word gives by itself: the word and the n-grams of ^word$, each once.

    The n-grams of a long word are those of its first MAX_WORD_CHARACTERS characters; a class has none.
    """
    marked = f"^{spelling(word)[:MAX_WORD_CHARACTERS]}$"
    grams = {marked[i : i + n] for n in NGRAM_SIZES for i in range(len(marked) - n + 1)}
    return [word_hash(word), *sorted(crc32(f"c={gram}".encode("utf-8", "surrogatepass")) for gram in grams)]


def utterance_features(
    words: Sequence[str], of_word: Callable[[str], list[int]] = word_features
) -> list[int]:
    """Hashes of all features of an utterance: the slow twin of `Vectorizer.item`, and what a table is counted from.

    `of_word` is `word_features`, or remembers what it gives.
    """
    hashes = [word_hash(word) for word in words]
    pairs = zip([BOUNDARY, *hashes], [*hashes, BOUNDARY], strict=True)
    singles = [feature for word in words for feature in of_word(word)]
    return singles + [pair_hash(left, right) for left, right in pairs]


@dataclass(frozen=True)
class FeatureTable:
    """The features that a model has weights for: `hashes[i - 1]` has id i; id 0 is padding, with weight 0."""

    hashes: NDArray[np.uint32]

    @cached_property
    def ids(self) -> dict[int, int]:
        """Hash of a feature -> its id, from 1."""
        return {feature: feature_id for feature_id, feature in enumerate(self.hashes.tolist(), start=1)}

    def save(self, path: Path) -> None:
        """Write as a .npy file."""
        np.save(path, self.hashes, allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> FeatureTable:
        """Read what `save` wrote; raises ConfigError for anything else."""
        try:
            with path.open("rb") as file:
                hashes = np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, MemoryError) as error:  # a damaged file may well ask for more than there is
            raise ConfigError(f"{path}: found no array ({error}), expected one of NumPy's") from error
        if hashes.dtype != np.uint32 or hashes.ndim != 1:
            raise ConfigError(f"{path}: found {hashes.dtype}{hashes.shape}, expected one row of uint32")
        table = cls(hashes)
        if (duplicates := len(hashes) - len(table.ids)) > 0:
            raise ConfigError(f"{path}: found {duplicates} hashes again, expected each once")
        return table
