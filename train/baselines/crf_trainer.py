"""Training a CRF over token features by L-BFGS in float64, a few iterations at a time: float32 would stall.

A run that goes on from a saved state gives the same weights as one that was never stopped.

Axes: F feature ids, P pairs of a feature and a tag, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from polyparse.errors import ConfigError
from train.baselines.crf_objective import CrfObjective, Pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from train.baselines.crf_objective import TaggedTokens
    from train.models.heads.crf import Crf
    from train.models.token_crf import TokenCrfConfig

    Mask = NDArray[np.bool_]

PERIOD = 10
"""Iterations of L-BFGS between two states that can be saved."""
HISTORY = 6
EVALUATIONS = 25
"""At most so many of the objective for each iteration; a line search takes one or two."""


class TokenCrfTrainer:
    """L-BFGS over all features; where these are more than the config keeps, then over the heaviest alone, after `prune`.

    `iterations` counts those of the present one of the two, `periods` those of both.
    """

    def __init__(self, tokens: TaggedTokens, head: Crf, config: TokenCrfConfig) -> None:
        self.config = config
        self.periods = 0
        self._tokens, self._head = tokens, head
        self._pairs = Pairs.of(tokens, len(head.tags))
        self._begin(np.ones(len(self._pairs.tags_P), dtype=np.bool_))

    @property
    def features(self) -> NDArray[np.int64]:
        """Ids of the features that have weights at present, in ascending order."""
        ids: NDArray[np.int64] = np.unique(self._objective.pairs.features_P)
        return ids

    @property
    def converged(self) -> bool:
        """Whether L-BFGS has nothing left to gain over the present features, or has made all its iterations."""
        if self.iterations >= self.config.max_iterations:
            return True
        if len(self._values) < 2:
            return False
        before, now = self._values[-2:]
        return bool(before - now < self.config.tolerance * abs(now))

    @property
    def finished(self) -> bool:
        """Whether it has converged over no more features than are kept."""
        return self.converged and len(self.features) <= self.config.kept_features

    def run_period(self, on_iteration: Callable[[int], None] = lambda _number: None) -> float:
        """At most PERIOD iterations, each reported by its number; returns the objective's value after them."""
        group = self._optimiser.param_groups[0]
        group["max_iter"] = min(PERIOD, self.config.max_iterations - self.iterations)
        group["max_eval"] = EVALUATIONS * group["max_iter"]

        def evaluate() -> float:
            on_iteration(int(self._optimiser.state[self._flat].get("n_iter", 0)))
            return self._evaluate()

        self._optimiser.step(evaluate)  # type: ignore[no-untyped-call]
        self.iterations += group["max_iter"]
        self.periods += 1
        value = self._evaluate()
        self._values.append(value)
        return value

    def prune(self) -> None:
        """Go on with the features whose weights have the largest norms, from the weights that they have."""
        flat = self._flat.detach()
        norms_F = np.linalg.norm(self._objective.table(flat), axis=1)
        heaviest = np.argsort(-norms_F, kind="stable")[: self.config.kept_features]
        kept_P = np.isin(self._pairs.features_P, heaviest)
        others = torch.ones(len(flat) - len(kept_P), dtype=torch.bool)
        self._begin(kept_P, flat[torch.cat([torch.from_numpy(kept_P), others])])

    def weights(self) -> dict[str, Tensor]:
        """The parameters as those of a `TokenCrf` that has the present `features` alone."""
        flat = self._flat.detach()
        potentials = self._objective.potentials(flat)
        weights = {
            "weights_FK": torch.from_numpy(self._objective.table(flat)[[0, *self.features]]),
            "head.start_K": potentials.start_K,
            "head.transitions_KK": potentials.transitions_IJ,
            "head.end_K": potentials.end_K,
        }
        return {name: values.float().clone() for name, values in weights.items()}

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on from here."""
        return {
            "kept_P": torch.from_numpy(self._kept_P),
            "flat": self._flat.detach(),
            "optimiser": self._optimiser.state_dict(),
            "values": self._values,
            "iterations": self.iterations,
            "periods": self.periods,
        }

    def restore(self, state: dict[str, Any], *, where: str) -> None:
        """Go on from a `state`; raises ConfigError, which begins with `where`, for what is none of this run."""
        try:
            self._begin(state["kept_P"].numpy(), state["flat"])
            self._check_size()
            self._optimiser.load_state_dict(state["optimiser"])
            self._values, self.iterations = list(state["values"]), int(state["iterations"])
            self.periods = int(state["periods"])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise ConfigError(
                f"{where}: found another state ({reason}), expected that of this run, written by this version"
            ) from error

    def _begin(self, kept_P: Mask, start: Tensor | None = None) -> None:
        """A new L-BFGS over some of the pairs, from zero or from the parameters `start`."""
        self._kept_P = kept_P
        self._objective = CrfObjective(self._tokens, self._pairs.only(kept_P), self._head, self.config.l2)
        size = self._objective.size
        self._flat = torch.nn.Parameter(torch.zeros(size, dtype=torch.float64) if start is None else start)
        self._optimiser = torch.optim.LBFGS(
            [self._flat], history_size=HISTORY, line_search_fn="strong_wolfe", tolerance_change=0.0
        )
        self._last: tuple[Tensor, float] | None = None
        self._values, self.iterations = list[float](), 0

    def _check_size(self) -> None:
        if (found := len(self._flat)) != (expected := self._objective.size):
            raise ValueError(f"{found} parameters, not {expected}")

    def _evaluate(self) -> float:
        """The value here, with the gradient where L-BFGS looks for it; computed once where it is asked for again."""
        flat = self._flat.detach()
        if self._last is None or not torch.equal(self._last[0], flat):
            value, self._flat.grad = self._objective(flat)
            self._last = flat.clone(), value
        return self._last[1]
