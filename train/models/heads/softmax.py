"""MaxEnt head: the tag of each token is predicted independently (AIN, section 2, "the MaxEnt approach").

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from train.models.heads.base import (
    factorised_decode,
    factorised_loss,
    factorised_soft_loss,
    mask_padding,
    restrict,
)
from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from polyparse.inference.networks import Decoded
    from train.models.heads.forward_backward import ExpectedCounts


class Softmax(nn.Module):
    """P(y | x) = prod_i softmax(emissions_i)[y_i]; without parameters, and no path is illegal."""

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        super().__init__()
        self.tags = tuple(tags)
        self.scheme = scheme

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """Cross entropy summed over an utterance's tokens, mean over utterances."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        log_q_BTK = mask_padding(emissions_BTK, inside_BT).log_softmax(2)
        return factorised_loss(log_q_BTK, tags_BT, inside_BT)

    def soft_loss(self, emissions_BTK: Tensor, teacher: ExpectedCounts, lengths_B: Tensor) -> Tensor:
        """Cross entropy with the teacher's marginals, summed over an utterance's tokens, mean over utterances."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        log_q_BTK = mask_padding(emissions_BTK, inside_BT).log_softmax(2)
        return factorised_soft_loss(log_q_BTK, teacher.marginals_BTK, inside_BT)

    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded[Tensor]:
        """The most probable allowed tag of each token."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = restrict(mask_padding(emissions_BTK, inside_BT), allowed_BK)
        return factorised_decode(emissions_BTK.log_softmax(2), inside_BT)
