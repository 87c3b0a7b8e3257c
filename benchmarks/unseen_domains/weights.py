"""Weights of signals: a logistic regression that tells left-out utterances from kept ones, every domain counting alike.

Axes: B utterances, S signals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from polyparse.inference.ood import SIGNALS, OodScore
from train.postprocessing.ood import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.inference.ood import Evidence

    Numbers = NDArray[np.float64]

PENALTY = 1e-4  # on squared weights of standardised signals, beside a mean loss


SignalWeights = Mapping[str, float | None]
"""The signals of a score: a weight that is given, or None for one that is to be found."""


class Trial(NamedTuple):
    """What a model made of utterances, and the domain of each; `left_out` are the domains that it never saw."""

    evidence: Evidence
    domains: Sequence[str]
    left_out: Sequence[str]

    @property
    def is_out_B(self) -> NDArray[np.bool_]:
        """Which utterances are of a domain left out."""
        return np.isin(np.array(self.domains), np.array(self.left_out))

    @property
    def shares_B(self) -> Numbers:
        """How much each utterance counts: half for all that are kept, half for the left-out domains, these alike."""
        domains, out_B = np.array(self.domains), self.is_out_B
        shares_B: Numbers = np.where(out_B, 0.0, 0.5 / max(1, (~out_B).sum()))
        for domain in self.left_out:
            shares_B[domains == domain] = 0.5 / len(self.left_out) / max(1, (domains == domain).sum())
        return shares_B


def signal_values(names: Sequence[str], evidence: Evidence) -> Numbers:
    """Values of the named signals, shape (B, S)."""
    values_BS = np.empty((len(evidence), len(names)))
    for column, name in enumerate(names):
        values_BS[:, column] = SIGNALS[name](evidence)
    return values_BS


def fit(signals: SignalWeights, trials: Sequence[Trial]) -> OodScore:
    """The weights that tell the trials' left-out utterances apart; the threshold refuses nothing yet."""
    names = [name for name, weight in signals.items() if weight is None]
    given = {name: weight for name, weight in signals.items() if weight is not None}
    signals_BS = np.concatenate([signal_values(names, trial.evidence) for trial in trials])
    given_BS = np.concatenate([signal_values(list(given), trial.evidence) for trial in trials])
    offset_B = given_BS @ np.array(list(given.values()))
    out_B = np.concatenate([trial.is_out_B for trial in trials])
    shares_B = np.concatenate([trial.shares_B for trial in trials]) / len(trials)
    centre_S, spread_S = signals_BS.mean(axis=0), np.maximum(signals_BS.std(axis=0), 1e-9)
    scaled_BS = (signals_BS - centre_S) / spread_S

    def objective(theta: Numbers) -> tuple[float, Numbers]:
        logits_B = scaled_BS @ theta[:-1] + theta[-1] + offset_B
        loss = float(shares_B @ (np.logaddexp(0.0, logits_B) - out_B * logits_B))
        error_B = shares_B * (expit(logits_B) - out_B)
        gradient = np.append(scaled_BS.T @ error_B + PENALTY * theta[:-1], error_B.sum())
        return loss + 0.5 * PENALTY * float(theta[:-1] @ theta[:-1]), gradient

    theta: Numbers = minimize(objective, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B").x
    weights_S = theta[:-1] / spread_S
    return OodScore(
        threshold=NEVER,
        weights={**dict(zip(names, weights_S.tolist(), strict=True)), **given},
        bias=float(theta[-1] - weights_S @ centre_S),
    )
