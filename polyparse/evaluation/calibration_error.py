"""Calibration of confidences: how far the share of right answers is from the mean confidence.

Utterances in order of confidence are cut into bins of equal size. The gap of a bin lies between its mean confidence and the
share of it that is right; the expected calibration error (ECE) is the mean gap, weighted by the sizes of the bins.
Utterances of equal confidence all get their mean share of right answers, so that their order does not matter.

Axes: N utterances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BINS = 15
DRAWS = 200
SEED = 20


class Bin(NamedTuple):
    """Utterances of like confidence: how many, their mean confidence, the share that is right."""

    utterances: int
    confidence: float
    right: float


def expected_calibration_error(
    confidences: Sequence[float], correct: Sequence[bool], bins: int = BINS
) -> float:
    """The ECE, from 0 to 1; raises ValueError where there is nothing to measure or a confidence is no probability."""
    return _error(*_ordered(confidences, correct), bins)


def reliability(confidences: Sequence[float], correct: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """The bins, the least confident first; fewer where there are fewer utterances. Raises ValueError as the ECE does."""
    confidences_N, right_N = _ordered(confidences, correct)
    return [
        Bin(len(part), float(part.mean()), float(right.mean()))
        for part, right in zip(_cut(confidences_N, bins), _cut(right_N, bins), strict=True)
        if len(part)
    ]


def error_by_chance(confidences: Sequence[float], bins: int = BINS) -> float:
    """The ECE to expect of a perfectly calibrated model on as many utterances, by simulation; a smaller one may be chance.

    Utterances count as independent; translations of one another are not, and raise the real value.
    """
    confidences_N, _ = _ordered(confidences, [True] * len(confidences))
    random = np.random.default_rng(SEED)
    drawn = (random.random(len(confidences_N)) < confidences_N for _ in range(DRAWS))
    return float(np.mean([_error(confidences_N, right_N.astype(np.float64), bins) for right_N in drawn]))


def _ordered(confidences: Sequence[float], correct: Sequence[bool]) -> tuple[Numbers, Numbers]:
    """Both in order of confidence, and for equal confidences their share of right answers."""
    confidences_N = np.asarray(confidences, dtype=np.float64)
    right_N = np.asarray(correct, dtype=np.float64)
    if confidences_N.shape != right_N.shape or confidences_N.ndim != 1 or not len(confidences_N):
        raise ValueError(
            f"found {confidences_N.shape} confidences and {right_N.shape} truths, expected as many of both, and some"
        )
    if not ((confidences_N >= 0.0) & (confidences_N <= 1.0)).all():
        raise ValueError("found a confidence that is no number from 0 to 1")
    values, place_N, sizes = np.unique(confidences_N, return_inverse=True, return_counts=True)
    shares = np.bincount(place_N, weights=right_N) / sizes
    return np.repeat(values, sizes), np.repeat(shares, sizes)


def _error(confidences_N: Numbers, right_N: Numbers, bins: int) -> float:
    gaps = [abs(part.sum()) for part in _cut(confidences_N - right_N, bins)]
    return float(sum(gaps)) / len(confidences_N)


def _cut(values_N: Numbers, bins: int) -> list[Numbers]:
    return np.array_split(values_N, bins)
