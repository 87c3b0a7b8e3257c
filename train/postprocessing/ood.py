"""The out-of-domain score of a trained model: weights shared by similar models, and a threshold for this model.

Axes: B utterances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyparse.inference.ood import OodScore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NEVER = 1.0
"""A threshold that no score is above."""
REFUSED_SHARE = 0.015
"""Share of dev that may be refused. Below the promised 0.02, which is for utterances that did not choose the threshold."""

SIGNAL_WEIGHTS: Mapping[str, float | None] = {
    "tempered_domain_entropy": None,
    "unseen_ngrams": None,
    "domain_log_ratio": None,
    "unknown_words": 1.0,
}
"""The signals of the score. None: the weight is fitted to left-out domains. A number: the weight is fixed.

All domains of a corpus use its words, so that unknown words do not distinguish a left-out domain and would get no weight.
Text that is foreign to the whole corpus has many of them. The fixed weight is as large as it can be at little cost on
left-out domains."""

MASSIVE_SCORE = OodScore(
    threshold=NEVER,
    weights={
        "tempered_domain_entropy": 2.10,
        "unseen_ngrams": 2.12,
        "domain_log_ratio": 0.84,
        "unknown_words": 1.0,
    },
    bias=-4.98,
)
"""What `python -m benchmarks.unseen_domains` fitted on MASSIVE, for models like the shipped ones; without a threshold."""


def threshold(scores_B: NDArray[np.float32], share: float = REFUSED_SHARE) -> float:
    """The lowest score of an utterance such that at most `share` of all scores are above it.

    Raises ValueError if there are no scores.
    """
    if not len(scores_B):
        raise ValueError("found no scores, expected some to choose a threshold by")
    ordered_B = np.sort(scores_B)[::-1]
    return float(ordered_B[min(int(share * len(ordered_B)), len(ordered_B) - 1)])
