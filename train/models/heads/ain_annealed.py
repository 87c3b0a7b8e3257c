"""AIN head of first order that anneals and damps its iterations, over potentials held to exact likelihood.

Axes: B utterances, T tokens, K tags.

All tokens are updated at once, so that strongly coupled neighbours can swap their tags for ever, and a doubtful span falls
into pieces. A damped update moves only a part of the way; sharpness that rises from soft to hard (deterministic annealing,
Rose 1998) lets the utterance agree on one reading before it commits; the last update is AIN's own, so that Q^M are
probabilities again. The loss of AIN judges each token by itself; the exact likelihood of the path under the same potentials,
added to it, keeps spans whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.heads.ain_first import AinFirst
from train.models.heads.base import blank_padding
from train.models.heads.crf import Potentials, chain_loss, path_loss
from train.models.heads.mean_field import Step
from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from train.models.heads.forward_backward import Expected

ITERATIONS = 10
SOFTEST, HARDEST = 0.9, 1.6
SHARE = 0.5


class AinAnnealed(AinFirst):
    """Learns from -sum_i log Q_i^M(y_i) - log P(y), where P is the CRF of the same potentials."""

    def __init__(self, tags: Sequence[str], scheme: str, *, iterations: int = ITERATIONS) -> None:
        super().__init__(tags, scheme, iterations=iterations)

    def steps(self) -> list[Step]:
        """Sharpness from SOFTEST to HARDEST in even steps, each damped; then a plain update."""
        rises = max(1, self.iterations - 2)
        annealed = [SOFTEST + (HARDEST - SOFTEST) * m / rises for m in range(self.iterations - 1)]
        return [*(Step(sharpness, SHARE) for sharpness in annealed), Step(1.0, 1.0)]

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The two negative log-likelihoods, mean over utterances; every transition counts as legal."""
        mean_field_loss = super().loss(emissions_BTK, tags_BT, lengths_B)
        chain = self._chain(emissions_BTK, lengths_B)
        return mean_field_loss + path_loss(*chain, tags_BT, lengths_B).to(mean_field_loss.dtype)

    def soft_loss(self, emissions_BTK: Tensor, teacher: Expected, lengths_B: Tensor) -> Tensor:
        """The two cross entropies with the teacher, mean over utterances."""
        mean_field_loss = super().soft_loss(emissions_BTK, teacher, lengths_B)
        chain = self._chain(emissions_BTK, lengths_B)
        return mean_field_loss + chain_loss(*chain, teacher, lengths_B).to(mean_field_loss.dtype)

    def _chain(self, emissions_BTK: Tensor, lengths_B: Tensor) -> tuple[Tensor, Potentials]:
        """Emissions and potentials of the CRF, float64."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        potentials = Potentials(self.start_K.double(), self.transitions_KK.double(), self.end_K.double())
        return blank_padding(emissions_BTK, inside_BT).double(), potentials
