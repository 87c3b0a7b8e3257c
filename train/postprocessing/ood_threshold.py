"""The threshold of a score: the lowest above which no more than a share of a model's own utterances lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFUSED_SHARE = 0.015
"""Of dev. Under the 0.02 that is promised, for utterances that chose nothing."""


def choose(scores_B: NDArray[np.float32], share: float = REFUSED_SHARE) -> float:
    """One of the scores (or 1, which refuses nothing): at most `share` of them are above it, and fewer above none lower.

    ValueError without scores.
    """
    if not len(scores_B):
        raise ValueError("found no scores, expected some to choose a threshold by")
    ordered_B = np.sort(scores_B)[::-1]
    return float(ordered_B[min(int(share * len(ordered_B)), len(ordered_B) - 1)])
