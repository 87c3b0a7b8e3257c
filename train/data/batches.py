"""The batches of an epoch, and the seed of everything random in it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from polyparse.inference.batches import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.text.vectorizer import Item
    from train.config import RunConfig


def epoch_seed(config: RunConfig, epoch: int) -> int:
    """The seed of everything random in an epoch; epochs are counted from 0."""
    return config.seed * 100_003 + epoch


def equal_length_batches(items: Sequence[Item], size: int, *, seed: int) -> list[list[int]]:
    """Batches of positions of items of equal length, so that nothing is padded; the seed shuffles items and batches."""
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for position in np.random.default_rng(seed).permutation(len(items)).tolist():
        by_length[items[position].n_tokens].append(position)
    batches = [batch for positions in by_length.values() for batch in cut(positions, size)]
    return [batches[i] for i in np.random.default_rng(seed + 1).permutation(len(batches))]
