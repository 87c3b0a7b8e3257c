"""Nearest neighbours across two spaces, by cosine and by CSLS, in blocks that bound the memory.

Vectors have unit length, so that products are cosines. CSLS (Conneau et al. 2018, "Word translation without parallel data",
eq. 3) takes from a cosine what both of its words are near to on the other side: csls(x, y) = 2 cos(x, y) - r_T(x) - r_S(y),
r being the mean cosine of the K nearest ones. Among the targets of one query r_T(x) is the same, so that
cos(x, y) - r_S(y) / 2 ranks as csls does.

Axes: Q queries, V candidates, S source words, T target words, E word vector, N best candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Rows = NDArray[np.int64]

BLOCK = 1 << 24
"""Similarities at once: 64 MB."""

K = 10
"""Neighbours that make r of CSLS (Conneau et al. 2018, section 2.3)."""


class BothWays(NamedTuple):
    """The best target of each source word, and the best source word of each target."""

    target_of_S: Rows
    source_of_T: Rows


def blocks(n_queries: int, n_candidates: int) -> Iterator[slice]:
    """Queries, some at a time, so that a block has at most BLOCK similarities."""
    step = max(1, BLOCK // max(1, n_candidates))
    return (slice(start, start + step) for start in range(0, n_queries, step))


def nearness(queries_QE: Floats, candidates_VE: Floats, *, k: int = K) -> Floats:
    """r of CSLS: the mean cosine of each query with its k nearest candidates, shape (Q,); of all where there are fewer."""
    k = min(k, len(candidates_VE))
    mean_Q = np.empty(len(queries_QE), dtype=np.float32)
    for block in blocks(len(queries_QE), len(candidates_VE)):
        scores_QV = queries_QE[block] @ candidates_VE.T
        mean_Q[block] = np.partition(scores_QV, -k, axis=1)[:, -k:].mean(axis=1)
    return mean_Q


def best(queries_QE: Floats, candidates_VE: Floats, n: int, penalty_V: Floats | None = None) -> Rows:
    """The n best candidates of each query, the best first, shape (Q, N): by product, less a penalty of each candidate.

    Of two that are equally good the one that stands first comes first, but for those at the n-th place.
    """
    n = min(n, len(candidates_VE))
    best_QN = np.empty((len(queries_QE), n), dtype=np.int64)
    for block in blocks(len(queries_QE), len(candidates_VE)):
        scores_QV = queries_QE[block] @ candidates_VE.T
        if penalty_V is not None:
            scores_QV -= penalty_V
        found_QN = np.sort(np.argpartition(scores_QV, -n, axis=1)[:, -n:], axis=1)
        order_QN = np.argsort(-np.take_along_axis(scores_QV, found_QN, axis=1), axis=1, kind="stable")
        best_QN[block] = np.take_along_axis(found_QN, order_QN, axis=1)
    return best_QN


def csls_best(source_SE: Floats, target_TE: Floats, *, k: int = K) -> BothWays:
    """The best by CSLS, both ways."""
    r_of_S = nearness(source_SE, target_TE, k=k)
    r_of_T = nearness(target_TE, source_SE, k=k)
    return BothWays(
        best(source_SE, target_TE, 1, np.float32(0.5) * r_of_T)[:, 0],
        best(target_TE, source_SE, 1, np.float32(0.5) * r_of_S)[:, 0],
    )


def mutual(ways: BothWays) -> Rows:
    """Rows of source and target that are each other's best, shape (pairs, 2)."""
    source_S = np.arange(len(ways.target_of_S))
    is_mutual_S = ways.source_of_T[ways.target_of_S] == source_S
    pairs_N2: Rows = np.stack([source_S, ways.target_of_S], axis=1)[is_mutual_S]
    return pairs_N2
