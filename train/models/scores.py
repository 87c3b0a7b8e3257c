"""What a branch of a network says of a batch. Axes: B utterances, T tokens, I intents, K tags, S some positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor


class Scores(NamedTuple):
    """Intent logits and emissions of a batch, from one branch."""

    logits_BI: Tensor
    emissions_BTK: Tensor
    lengths_B: Tensor

    def of(self, positions_S: Tensor) -> Scores:
        """The scores of the utterances at some positions of the batch."""
        return Scores(
            self.logits_BI[positions_S], self.emissions_BTK[positions_S], self.lengths_B[positions_S]
        )

    def float(self) -> Scores:
        """The same scores as float32."""
        return Scores(self.logits_BI.float(), self.emissions_BTK.float(), self.lengths_B)
