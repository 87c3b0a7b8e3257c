"""AIN head of first order whose potentials are also those of a good CRF: mean field decodes what exact likelihood taught.

Axes: B utterances, T tokens, K tags.

The loss of AIN (section 2.3) judges each token by itself, so that a doubtful span is hedged token by token and falls into
pieces. The exact likelihood of the whole path under the same potentials, added to it, keeps them coherent; and mean field,
unrolled for more iterations than the paper's three, learns to find what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.heads.ain_first import AinFirst
from train.models.heads.base import blank_padding, inside
from train.models.heads.crf import Potentials, path_score
from train.models.heads.forward_backward import LogPartition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

ITERATIONS = 8


class AinLikelihood(AinFirst):
    """Decodes as AinFirst does; learns from -sum_i log Q_i^M(y_i) - log P(y), P the CRF of the same potentials."""

    def __init__(self, tags: Sequence[str], scheme: str, *, iterations: int = ITERATIONS) -> None:
        super().__init__(tags, scheme, iterations=iterations)

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """The two negative log-likelihoods, mean over utterances; every transition counts as legal."""
        mean_field_loss = super().loss(emissions_BTK, tags_BT, lengths_B)
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = blank_padding(emissions_BTK, inside_BT).double()
        potentials = Potentials(self.start_K.double(), self.transitions_KK.double(), self.end_K.double())
        log_partition_B: Tensor = LogPartition.apply(emissions_BTK, *potentials, lengths_B)  # type: ignore[no-untyped-call]
        path_loss = (log_partition_B - path_score(emissions_BTK, potentials, tags_BT, lengths_B)).mean()
        return mean_field_loss + path_loss.to(mean_field_loss.dtype)
