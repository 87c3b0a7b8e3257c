"""The out-of-domain score of a trained model: weights shared by similar models, and a threshold for this model.

`polyparse ood` chooses a score that reads training text. `default_score` is for a model that nobody chose one for.

Axes: B utterances.
"""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t as student

from polyparse.inference.ood import OodScore, threshold_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from polyparse.inference.ood import Evidence

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


DEFAULT_UNKNOWN, DEFAULT_ENTROPY, DEFAULT_BIAS = 8.0, 3.0, -5.0
"""Weights of the default score: of the share of unknown words, of the entropy as a share of the largest, and the bias.

Without unknown words no utterance reaches DEFAULT_LEAST; with half of its words unknown and all intents alike, one does."""
DEFAULT_LEAST = 0.75
"""The least default threshold: dev that repeats training text has low scores and says nothing of new in-domain text."""


def default_score(evidence: Evidence, share: float = REFUSED_SHARE) -> OodScore:
    """A score that needs no training text, with a threshold that refuses at most `share` of dev, whose `evidence` this is.

    A small dev does not show its own tail. Then the threshold is no lower than the bound that a further in-domain
    utterance is below with probability 1 - `share`, if logits of scores are normal (a prediction interval).
    """
    probs = evidence.intent_log_probs_BI if evidence.domain_probs_BD is None else evidence.domain_probs_BD
    weights = {"unknown_words": DEFAULT_UNKNOWN}
    if probs.shape[1] > 1:
        weights["tempered_domain_entropy"] = DEFAULT_ENTROPY / log(probs.shape[1])
    score = OodScore(threshold=NEVER, weights=weights, bias=DEFAULT_BIAS)
    scores_B = score.scores(evidence)
    chosen = max(DEFAULT_LEAST, threshold_of(scores_B, share))
    if share * len(scores_B) < 1.0:
        chosen = max(chosen, _prediction_bound(scores_B, share))
    return replace(score, threshold=chosen)


def lower_default_score(of_dev: Evidence, of_all: Evidence) -> OodScore:
    """The `default_score` of dev, or that of dev and held-out training utterances, whichever refuses more.

    Both refuse too little: a small dev by its bound, held-out answers because they come of networks that know fewer words.
    """
    return min(default_score(of_dev), default_score(of_all), key=lambda score: score.threshold)


def _prediction_bound(scores_B: NDArray[np.float32], share: float) -> float:
    """The score that a further one exceeds with probability `share`; NEVER for fewer than two scores."""
    n_scores = len(scores_B)
    if n_scores < 2:
        return NEVER
    logits_B = logit(np.clip(scores_B.astype(np.float64), 1e-6, 1.0 - 1e-6))
    width = student.ppf(1.0 - share, n_scores - 1) * logits_B.std(ddof=1) * (1.0 + 1.0 / n_scores) ** 0.5
    return float(expit(logits_B.mean() + width))
