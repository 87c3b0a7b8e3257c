"""What leaving domains out found: how well each is told from the kept ones, by weights and thresholds found on other folds.

Axes: B utterances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.auroc import auroc
from benchmarks.unseen_domains import weights
from polyparse.inference.ood import OodScore, threshold_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.unseen_domains.weights import SignalWeights, Trial


@dataclass(frozen=True)
class Findings:
    """What was found of the left-out domains, and the weights and the threshold that all folds together choose.

    `auroc` is each domain's against the kept ones of its fold. `refused_share` is of kept utterances, `caught_share` of
    left-out ones.
    """

    auroc: Mapping[str, float]
    refused_share: float
    caught_share: float
    ood: OodScore

    @property
    def mean(self) -> float:
        """Every domain counts alike."""
        return float(np.mean(list(self.auroc.values())))


def judge(signals: SignalWeights, trials: Sequence[Trial], *, refused: float) -> Findings:
    """Each fold is scored by weights, and refused by a threshold, that the other folds alone have chosen."""
    areas: dict[str, float] = {}
    remaining: list[NDArray[np.bool_]] = []
    caught: list[NDArray[np.bool_]] = []
    for trial in trials:
        ood = _chosen(signals, [other for other in trials if other is not trial], refused)
        scores_B, out_B, domains_B = (ood.scores(trial.evidence), trial.is_out_B, np.array(trial.domains))
        remaining.append(scores_B[~out_B] > ood.threshold)
        caught.append(scores_B[out_B] > ood.threshold)
        for domain in trial.left_out:
            areas[domain] = auroc(scores_B[domains_B == domain], scores_B[~out_B])
    return Findings(
        auroc=dict(sorted(areas.items())),
        refused_share=float(np.concatenate(remaining).mean()),
        caught_share=float(np.concatenate(caught).mean()),
        ood=_chosen(signals, trials, refused),
    )


def _chosen(signals: SignalWeights, trials: Sequence[Trial], refused: float) -> OodScore:
    """Weights of these trials, and the threshold that refuses that share of what they kept."""
    ood = weights.fit(signals, trials)
    remaining = [ood.scores(trial.evidence)[~trial.is_out_B] for trial in trials]
    return replace(ood, threshold=threshold_of(np.concatenate(remaining), refused))
