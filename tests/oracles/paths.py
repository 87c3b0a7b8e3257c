"""The slow twin of the CRF: every path of a short utterance, one by one.

Axes: T tokens, K tags.
"""

from __future__ import annotations

import math
from itertools import pairwise, product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Chain(NamedTuple):
    """The scores of one utterance; whatever is forbidden stands at -inf."""

    emissions_TK: Floats
    start_K: Floats
    transitions_KK: Floats
    end_K: Floats


class Answer(NamedTuple):
    best: tuple[int, ...]
    best_score: float
    log_partition: float
    marginals_TK: Floats


def score(path: Sequence[int], chain: Chain) -> float:
    """start[y_1] + sum of emissions + sum of transitions + end[y_n]."""
    total = chain.start_K[path[0]] + chain.end_K[path[-1]]
    total += sum(chain.emissions_TK[position, tag] for position, tag in enumerate(path))
    total += sum(chain.transitions_KK[before, tag] for before, tag in pairwise(path))
    return float(total)


def enumerate_paths(chain: Chain) -> Answer:
    """Best path, log Z and marginals from the list of all paths."""
    n_tokens, n_tags = chain.emissions_TK.shape
    scores = {path: score(path, chain) for path in product(range(n_tags), repeat=n_tokens)}
    best = max(scores, key=lambda path: scores[path])
    peak = scores[best]
    weights = {path: math.exp(value - peak) for path, value in scores.items() if value > -math.inf}
    total = math.fsum(weights.values())
    marginals_TK = np.zeros((n_tokens, n_tags))
    for path, weight in weights.items():
        for position, tag in enumerate(path):
            marginals_TK[position, tag] += weight / total
    return Answer(best, peak, peak + math.log(total), marginals_TK)
