"""AIN head of first order: mean field over neighbouring tags, trained end to end (AIN, section 2.1).

Axes: B utterances, T tokens, K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.heads.base import (
    factorised_decode,
    factorised_loss,
    factorised_soft_loss,
    mask_padding,
    restrict,
)
from train.models.heads.mean_field import Step, boundary, mean_field
from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.inference.networks import Decoded
    from train.models.heads.forward_backward import ExpectedCounts


class AinFirst(nn.Module):
    """Q^M of a linear chain with transitions U; `start_K` and `end_K` are messages to the first and the last token.

    Mean field cannot forbid a transition, it only learns to avoid it: a path may have to be repaired afterwards.
    """

    def __init__(self, tags: Sequence[str], scheme: str, *, iterations: int = 3) -> None:
        super().__init__()
        self.tags = tuple(tags)
        self.scheme = scheme
        self.iterations = iterations
        self.start_K = nn.Parameter(torch.zeros(len(self.tags)))
        self.transitions_KK = nn.Parameter(torch.zeros(len(self.tags), len(self.tags)))
        self.end_K = nn.Parameter(torch.zeros(len(self.tags)))

    def tables(self) -> dict[int, Tensor]:
        """Distance between two tokens -> transition scores, indexed [earlier tag, later tag]."""
        return {1: self.transitions_KK}

    def steps(self) -> list[Step]:
        """One `Step` for each iteration: AIN's plain update."""
        return [Step()] * self.iterations

    def loss(self, emissions_BTK: Tensor, tags_BT: Tensor, lengths_B: Tensor) -> Tensor:
        """-sum_i log Q_i^M(y_i), mean over utterances (AIN, section 2.3)."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        log_q_BTK = self._infer(mask_padding(emissions_BTK, inside_BT), lengths_B)
        return factorised_loss(log_q_BTK, tags_BT, inside_BT)

    def soft_loss(self, emissions_BTK: Tensor, teacher: ExpectedCounts, lengths_B: Tensor) -> Tensor:
        """Cross entropy of Q^M with the teacher's marginals, mean over utterances."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        log_q_BTK = self._infer(mask_padding(emissions_BTK, inside_BT), lengths_B)
        return factorised_soft_loss(log_q_BTK, teacher.marginals_BTK, inside_BT)

    def decode(self, emissions_BTK: Tensor, allowed_BK: Tensor, lengths_B: Tensor) -> Decoded[Tensor]:
        """The most probable allowed tag of each token under Q^M."""
        inside_BT = inside(lengths_B, emissions_BTK.shape[1])
        emissions_BTK = restrict(mask_padding(emissions_BTK, inside_BT), allowed_BK)
        return factorised_decode(self._infer(emissions_BTK, lengths_B), inside_BT)

    def _infer(self, emissions_BTK: Tensor, lengths_B: Tensor) -> Tensor:
        """log_q_BTK after the last iteration."""
        boundary_BTK = boundary(self.start_K, self.end_K, lengths_B, emissions_BTK.shape[1])
        return mean_field(emissions_BTK, boundary_BTK, self.tables(), lengths_B, self.steps())
