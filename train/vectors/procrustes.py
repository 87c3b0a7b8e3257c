"""Procrustes: the rotation that brings the words of a dictionary nearest to their translations, and its refinement.

Of all orthogonal W, W = P R' minimises the sum of |W x_i - y_i|^2 where P s R' is the singular value decomposition of Y' X
(Schoenemann 1966; Conneau et al. 2018, eq. 2). Refinement (Conneau et al. 2018, section 2.2) takes as the next dictionary
the words that are each other's best by CSLS under the rotation found.

Axes: N pairs, V words, E word vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from polyparse.errors import ConfigError
from train.vectors.maps import Map, Maps, Pairs
from train.vectors.neighbours import K, csls_best, mutual
from train.vectors.preparation import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.embeddings.word_space import WordSpace
    from train.progress import Progress

FEWEST_PAIRS = 10
"""Fewer say next to nothing about a rotation, however it is refined."""


@dataclass(frozen=True, kw_only=True)
class Procrustes:
    """The rotation, found anew `refine` times from mutual neighbours among the `commonest` words of both sides."""

    refine: int = 5
    commonest: int = 10_000
    k: int = K

    def __call__(self, source: WordSpace, target: WordSpace, pairs_N2: Pairs, progress: Progress) -> Maps:
        """Maps for the source alone; raises ConfigError where there are too few pairs."""
        expected = FEWEST_PAIRS if self.refine else source.size
        reason = (
            "" if self.refine else ", for a rotation without refinement has to be determined by them alone"
        )
        check_pairs(len(pairs_N2), expected, reason)
        rotation_EE = rotation(source.vectors_VE[pairs_N2[:, 0]], target.vectors_VE[pairs_N2[:, 1]])
        head_SE, head_TE = source.vectors_VE[: self.commonest], target.vectors_VE[: self.commonest]
        with progress.stage("refinement", self.refine) as step:
            for number in range(self.refine):
                rotated_SE = unit(head_SE @ rotation_EE.T.astype(np.float32))
                found_N2 = mutual(csls_best(rotated_SE, head_TE, k=self.k))
                rotation_EE = rotation(head_SE[found_N2[:, 0]], head_TE[found_N2[:, 1]])
                step(number + 1)
        return Maps(rotation_EE)


def rotation(source_NE: NDArray[np.float32], target_NE: NDArray[np.float32]) -> Map:
    """W, orthogonal, that minimises the sum of |W x_i - y_i|^2, shape (E, E)."""
    left_EE, _, right_EE = np.linalg.svd(target_NE.T.astype(np.float64) @ source_NE.astype(np.float64))
    product_EE: Map = left_EE @ right_EE
    return product_EE


def check_pairs(found: int, expected: int, reason: str = "") -> None:
    """Raise ConfigError where a dictionary has too few pairs whose words both spaces have."""
    if found < expected:
        raise ConfigError(
            f"dictionary: found {found} pairs of words that both files have, expected at least {expected}{reason}"
        )
