"""Area under the ROC curve: how often an utterance of one group scores higher than one of the other, a tie being half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def auroc(higher_N: NDArray[np.floating], lower_M: NDArray[np.floating]) -> float:
    """P(a of `higher_N` > b of `lower_M`) + P(a == b) / 2; ValueError where a group is empty or holds NaN."""
    if not len(higher_N) or not len(lower_M):
        raise ValueError(f"found {len(higher_N)} and {len(lower_M)} scores, expected some in both groups")
    if np.isnan(higher_N).any() or np.isnan(lower_M).any():
        raise ValueError("found NaN among the scores, expected numbers")
    ordered_M = np.sort(lower_M)
    below_N = np.searchsorted(ordered_M, higher_N, side="left")
    not_above_N = np.searchsorted(ordered_M, higher_N, side="right")
    return float((below_N + not_above_N).mean() / (2 * len(lower_M)))
