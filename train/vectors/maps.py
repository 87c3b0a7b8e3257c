"""What an alignment gives: a linear map for each side, into a space that both have in common.

Axes: V words, E word vector.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from train.vectors.preparation import unit

if TYPE_CHECKING:
    from train.embeddings.word_space import WordSpace
    from train.progress import Progress

Map = NDArray[np.float64]
Pairs = NDArray[np.int64]
"""Rows of source and target that translate each other, shape (N, 2)."""


class Maps(NamedTuple):
    """A vector x becomes W x; `target_EE` is None where the target stays where it is."""

    source_EE: Map
    target_EE: Map | None = None


class AlignmentMethod(Protocol):
    """One way to find the maps of two prepared spaces from pairs of their words."""

    def __call__(self, source: WordSpace, target: WordSpace, pairs_N2: Pairs, progress: Progress) -> Maps:
        """Raises ConfigError where there are too few pairs."""


def mapped(space: WordSpace, map_EE: Map | None) -> WordSpace:
    """The space with each vector mapped, and at unit length again."""
    if map_EE is None:
        return space
    moved_VE = space.vectors_VE @ np.asarray(map_EE.T, dtype=np.float32)
    return replace(space, vectors_VE=unit(moved_VE))
