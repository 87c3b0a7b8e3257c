"""RCSLS: a map that is learnt for the measure by which translations are looked up (Joulin et al. 2018).

"Loss in translation: learning bilingual word mapping with a retrieval criterion", eq. 5. W minimises, over n pairs,

    1/n sum_i [ -2 x_i'W'y_i + 1/k sum of x_i'W'y over the k targets y nearest to W x_i
                             + 1/k sum of x'W'y_i over the k mapped source words W x nearest to y_i ]

by gradient descent from Procrustes' rotation. The neighbours are found anew for each step; a step after which the loss is
higher is undone, and the rate halved. W is not orthogonal: mapped vectors get unit length again.

Axes: N pairs, S source words, T target words, E word vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from train.vectors.maps import Map, Maps, Pairs
from train.vectors.neighbours import K, best
from train.vectors.procrustes import check_pairs, rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from train.embeddings.word_space import WordSpace
    from train.progress import Progress

    Floats = NDArray[np.float32]

LEAST_RATE = 1e-4
"""Under it the descent has come to its end."""


class Descent(NamedTuple):
    """The loss under a map, and its gradient, shape (E, E)."""

    loss: float
    gradient_EE: Map


@dataclass(frozen=True, kw_only=True)
class Rcsls:
    """`steps` steps of gradient descent at `rate`.

    `spectral` brings singular values of W over 1 down to 1 after each step, so that W stays in the convex hull of rotations.
    """

    steps: int = 10
    rate: float = 25.0
    k: int = K
    spectral: bool = False

    def __call__(self, source: WordSpace, target: WordSpace, pairs_N2: Pairs, progress: Progress) -> Maps:
        """Maps for the source alone; raises ConfigError where there are too few pairs."""
        check_pairs(len(pairs_N2), source.size, ", for a map has to be determined by them alone")
        source_NE, target_NE = source.vectors_VE[pairs_N2[:, 0]], target.vectors_VE[pairs_N2[:, 1]]

        def descent_at(map_EE: Map) -> Descent:
            return descent(map_EE, source_NE, target_NE, (source.vectors_VE, target.vectors_VE), k=self.k)

        map_EE = rotation(source_NE, target_NE)
        here, rate = descent_at(map_EE), self.rate
        with progress.stage("rcsls", self.steps) as step:
            for number in range(self.steps):
                if rate < LEAST_RATE:
                    break
                tried_EE = self._inside(map_EE - rate * here.gradient_EE)
                there = descent_at(tried_EE)
                if there.loss > here.loss:
                    rate /= 2
                else:
                    map_EE, here = tried_EE, there
                step(number + 1)
        return Maps(map_EE)

    def _inside(self, map_EE: Map) -> Map:
        return spectral(map_EE) if self.spectral else map_EE


def descent(
    map_EE: Map, source_NE: Floats, target_NE: Floats, spaces: tuple[Floats, Floats], *, k: int
) -> Descent:
    """Loss and gradient of the pairs (x_i, y_i); neighbours are sought in both whole spaces, source and target."""
    space_SE, space_TE = spaces
    map32_EE = map_EE.astype(np.float32)
    mapped_NE = source_NE @ map32_EE.T
    near_target_NE = _mean_of(space_TE, best(mapped_NE, space_TE, k))
    near_source_NE = _mean_of(space_SE, best(target_NE, space_SE @ map32_EE.T, k))
    pull_NE = near_target_NE - 2 * target_NE.astype(np.float64)
    loss = np.sum((source_NE @ map_EE.T) * pull_NE) + np.sum((near_source_NE @ map_EE.T) * target_NE)
    gradient_EE = pull_NE.T @ source_NE + target_NE.T @ near_source_NE
    return Descent(float(loss) / len(source_NE), gradient_EE / len(source_NE))


def spectral(map_EE: Map) -> Map:
    """The nearest map whose singular values are at most 1."""
    left_EE, values_E, right_EE = np.linalg.svd(map_EE)
    product_EE: Map = left_EE @ (np.minimum(values_E, 1.0)[:, None] * right_EE)
    return product_EE


def _mean_of(vectors_VE: Floats, rows_NK: Pairs) -> Map:
    """The mean of k vectors for each pair, shape (N, E); one neighbour at a time, to save memory."""
    sum_NE: Map = np.zeros((len(rows_NK), vectors_VE.shape[1]))
    for rows_N in rows_NK.T:
        sum_NE += vectors_VE[rows_N]
    sum_NE /= rows_NK.shape[1]
    return sum_NE
