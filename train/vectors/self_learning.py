"""Self-learning: from a few pairs, or from identical strings alone, to a whole dictionary and its map.

Artetxe, Labaka & Agirre 2018, "A robust self-learning method for fully unsupervised cross-lingual mappings of word
embeddings", sections 3.3 and 3.4 (vecmap). It stands in for UMWE where no dictionary is at hand. A rotation is found from
the dictionary; the dictionary becomes, of the `commonest` words, the union of the CSLS neighbours both ways. So that it does
not stay where it began, each cosine counts with probability q only, else as 0; when the mean of the best cosines has not
gained 1e-6 for 50 rounds, q is doubled, and with q = 1 it ends. The last map may weight directions by how well the languages
agree in them ("weighted"), which moves the target too, or be the rotation ("orthogonal").

Axes: S source words, T target words, E word vector, N pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from polyparse.errors import ConfigError
from train.vectors.maps import Map, Maps, Pairs
from train.vectors.neighbours import K, blocks, nearness
from train.vectors.preparation import unit
from train.vectors.procrustes import check_pairs, rotation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from train.embeddings.word_space import WordSpace
    from train.progress import Progress

    Floats = NDArray[np.float32]

FEWEST_PAIRS = 5
"""With fewer, the first rotation is as good as any other."""
MOST_ROUNDS = 2_000
LEAST_GAIN = 1e-6
SMALLEST_SINGULAR = 1e-6
"""Relative to the largest one: below it the pairs do not span the space, and cannot be whitened."""


class Guess(NamedTuple):
    """For each query its best candidate, and the mean of the queries' best cosines."""

    best_Q: Pairs
    mean_cosine: float


@dataclass(frozen=True, kw_only=True)
class SelfLearning:
    """q starts as `keep`; `patience` rounds without a gain double it. `last` is a key of LAST_MAPS."""

    commonest: int = 20_000
    keep: float = 0.1
    patience: int = 50
    k: int = K
    last: str = "weighted"
    seed: int = 0

    def __call__(self, source: WordSpace, target: WordSpace, pairs_N2: Pairs, progress: Progress) -> Maps:
        """Maps for both sides; raises ConfigError where there are too few pairs, or found pairs do not span the space."""
        check_pairs(len(pairs_N2), FEWEST_PAIRS)
        head_SE, head_TE = source.vectors_VE[: self.commonest], target.vectors_VE[: self.commonest]
        rotation_EE = rotation(source.vectors_VE[pairs_N2[:, 0]], target.vectors_VE[pairs_N2[:, 1]])
        rng, patience = np.random.default_rng(self.seed), _Patience(self.keep, self.patience)
        with progress.stage("self-learning (rounds at most)", MOST_ROUNDS) as step:
            for number in range(MOST_ROUNDS):
                rotated_SE = unit(head_SE @ rotation_EE.T.astype(np.float32))
                before_N2 = pairs_N2
                pairs_N2, mean = self._dictionary(rotated_SE, head_TE, patience.keep, rng)
                # where all counts and nothing changes, nothing ever will
                is_settled = patience.keep >= 1.0 and np.array_equal(before_N2, pairs_N2)
                if is_settled or patience.ends(number, mean):
                    break
                rotation_EE = rotation(head_SE[pairs_N2[:, 0]], head_TE[pairs_N2[:, 1]])
                step(number + 1)
        return LAST_MAPS[self.last](head_SE[pairs_N2[:, 0]], head_TE[pairs_N2[:, 1]])

    def _dictionary(
        self, source_SE: Floats, target_TE: Floats, keep: float, rng: np.random.Generator
    ) -> tuple[Pairs, float]:
        """The union of both ways' best, shape (N, 2), and the mean of the best cosines of both."""
        r_of_S, r_of_T = nearness(source_SE, target_TE, k=self.k), nearness(target_TE, source_SE, k=self.k)
        forth, back = (
            guess(source_SE, target_TE, r_of_T, keep, rng),
            guess(target_TE, source_SE, r_of_S, keep, rng),
        )
        both_N2 = np.concatenate(
            [
                np.stack([np.arange(len(forth.best_Q)), forth.best_Q], axis=1),
                np.stack([back.best_Q, np.arange(len(back.best_Q))], axis=1),
            ]
        )
        return np.unique(both_N2, axis=0), (forth.mean_cosine + back.mean_cosine) / 2


class _Patience:
    """What share of the entries counts, by how long ago the mean cosine gained the last time."""

    def __init__(self, keep: float, rounds: int) -> None:
        self.keep = keep
        self._rounds = rounds
        self._best = -np.inf
        self._gained_at = 0

    def ends(self, number: int, mean: float) -> bool:
        """Whether the round of this number is the last; else the share counts for the next one."""
        if mean >= self._best + LEAST_GAIN:
            self._best, self._gained_at = mean, number
        if number - self._gained_at <= self._rounds:
            return False
        if self.keep >= 1.0:
            return True
        self.keep, self._gained_at = min(1.0, 2 * self.keep), number
        return False


def guess(
    queries_QE: Floats, candidates_VE: Floats, r_of_V: Floats, keep: float, rng: np.random.Generator
) -> Guess:
    """The best candidate of each query by CSLS, each entry kept with probability `keep` and else 0."""
    best_Q, cosine_Q = np.empty(len(queries_QE), dtype=np.int64), np.empty(len(queries_QE))
    for block in blocks(len(queries_QE), len(candidates_VE)):
        scores_QV = queries_QE[block] @ candidates_VE.T
        cosine_Q[block] = scores_QV.max(axis=1)
        scores_QV -= r_of_V / 2
        if keep < 1.0:
            scores_QV *= rng.random(scores_QV.shape, dtype=np.float32) < keep
        best_Q[block] = scores_QV.argmax(axis=1)
    return Guess(best_Q, float(cosine_Q.mean()))


def orthogonal_maps(source_NE: Floats, target_NE: Floats) -> Maps:
    """The rotation; the target stays where it is, so that several languages can meet there."""
    return Maps(rotation(source_NE, target_NE))


def weighted_maps(source_NE: Floats, target_NE: Floats) -> Maps:
    """Whitened, rotated, both sides weighted by the root of the singular values, de-whitened (section 3.4)."""
    x_NE, z_NE = source_NE.astype(np.float64), target_NE.astype(np.float64)
    (x_white_EE, x_back_EE), (z_white_EE, z_back_EE) = _whitening(x_NE), _whitening(z_NE)
    left_EE, weight_E, right_EE = np.linalg.svd((x_NE @ x_white_EE).T @ (z_NE @ z_white_EE))
    half_E = np.sqrt(weight_E)
    x_EE = ((x_white_EE @ left_EE) * half_E) @ left_EE.T @ x_back_EE @ left_EE
    z_EE = ((z_white_EE @ right_EE.T) * half_E) @ right_EE @ z_back_EE @ right_EE.T
    return Maps(x_EE.T, z_EE.T)  # vectors stand in rows here: x A is W x with W = A'


LAST_MAPS: Mapping[str, Callable[[Floats, Floats], Maps]] = {
    "weighted": weighted_maps,
    "orthogonal": orthogonal_maps,
}


def _whitening(vectors_NE: Map) -> tuple[Map, Map]:
    """A such that the columns of X A are orthonormal, and its inverse."""
    _, values_E, right_EE = np.linalg.svd(vectors_NE, full_matrices=False)
    if len(values_E) < vectors_NE.shape[1] or values_E[-1] < SMALLEST_SINGULAR * values_E[0]:
        raise ConfigError(
            f"self-learning: found {len(vectors_NE)} pairs that do not span {vectors_NE.shape[1]} dimensions, expected"
            " more words, or --last orthogonal"
        )
    white_EE: Map = (right_EE.T / values_E) @ right_EE
    back_EE: Map = (right_EE.T * values_E) @ right_EE
    return white_EE, back_EE
