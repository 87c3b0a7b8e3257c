"""AIN head of first order with annealed and damped iterations, trained with the CRF's exact likelihood too.

Axes: B utterances, T tokens, K tags.

Mean field updates all tokens at once, so that strongly coupled neighbours can oscillate between two tags and an uncertain
span can break into pieces. A damped update moves only part of the way to the new value. Deterministic annealing (Rose 1998),
here a sharpness (inverse temperature) that rises from iteration to iteration, lets all tokens agree on one path before they
become certain. The last update is AIN's own, so that Q^M are probabilities again. AIN's loss scores each token by itself;
the exact likelihood of the path under the same potentials is added to it, and keeps spans whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.heads.ain_first import AinFirst
from train.models.heads.base import mask_padding
from train.models.heads.crf import Potentials, chain_loss, path_loss
from train.models.heads.mean_field import Step
from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from train.models.heads.forward_backward import ExpectedCounts

ITERATIONS = 10
FIRST_SHARPNESS, LAST_SHARPNESS = 0.9, 1.6
DAMPED_SHARE = 0.5  # of the way to the new value


class AinAnnealed(AinFirst):
    """Its loss is -sum_i log Q_i^M(y_i) - log P(y), where P is the CRF with the same potentials."""

    def __init__(self, tags: Sequence[str], scheme: str, *, iterations: int = ITERATIONS) -> None:
        super().__init__(tags, scheme, iterations=iterations)

    def steps(self) -> list[Step]:
        """Damped iterations with sharpness from FIRST_SHARPNESS to LAST_SHARPNESS in even steps; then a plain one."""
        last = max(1, self.iterations - 2)
        rise = LAST_SHARPNESS - FIRST_SHARPNESS
        annealed = [FIRST_SHARPNESS + rise * m / last for m in range(self.iterations - 1)]
        return [*(Step(sharpness, DAMPED_SHARE) for sharpness in annealed), Step(1.0, 1.0)]

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The sum of the two negative log-likelihoods, mean over utterances; the CRF treats every transition as legal."""
        mean_field_loss = super().loss(emissions_BTK, tags_BT, lengths_B)
        chain = self._chain(emissions_BTK, lengths_B)
        return mean_field_loss + path_loss(*chain, tags_BT, lengths_B).to(mean_field_loss.dtype)

    def soft_loss(self, emissions_BTK: Tensor, teacher: ExpectedCounts, lengths_B: Tensor) -> Tensor:
        """The sum of the two cross entropies with the teacher, mean over utterances."""
        mean_field_loss = super().soft_loss(emissions_BTK, teacher, lengths_B)
        chain = self._chain(emissions_BTK, lengths_B)
        return mean_field_loss + chain_loss(*chain, teacher, lengths_B).to(mean_field_loss.dtype)

    def _chain(self, emissions_BTK: Tensor, lengths_B: Tensor) -> tuple[Tensor, Potentials]:
        """Emissions and potentials of the CRF, float64."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        potentials = Potentials(self.start_K.double(), self.transitions_KK.double(), self.end_K.double())
        return mask_padding(emissions_BTK, inside_BT).double(), potentials
