"""Planted languages: the vectors of one are those of the other, rotated, under other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from train.embeddings.word_space import WordSpace
from train.vectors.preparation import prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.vectors.dictionary import WordPairs


class PlantedLanguages(NamedTuple):
    """Word i of the source, "s<i>", means word i of the target, "t<i>"; y = W x but for the noise."""

    source: WordSpace
    target: WordSpace
    rotation_EE: NDArray[np.float64]

    def pairs(self, first: int, last: int) -> WordPairs:
        return [(f"s{number}", f"t{number}") for number in range(first, last)]


def planted(*, n_words: int = 200, size: int = 10, noise: float = 0.0, seed: int = 0) -> PlantedLanguages:
    """Languages of clustered vectors, as those of words are, prepared as for an alignment."""
    rng = np.random.default_rng(seed)
    centres_CE = rng.normal(size=(n_words // 5, size))
    source_VE = centres_CE[rng.integers(0, len(centres_CE), n_words)] + 0.5 * rng.normal(size=(n_words, size))
    rotation_EE, _ = np.linalg.qr(rng.normal(size=(size, size)))
    target_VE = source_VE @ rotation_EE.T + noise * rng.normal(size=(n_words, size))
    source, target = (
        prepared(
            WordSpace(tuple(f"{letter}{number}" for number in range(n_words)), vectors_VE.astype(np.float32)),
            "centred",
        )
        for letter, vectors_VE in (("s", source_VE), ("t", target_VE))
    )
    return PlantedLanguages(source, target, rotation_EE)
