"""One linear layer over each token by itself (the WORD ONLY encoder of AIN, section 3.2): no context at all.

Axes: B utterances, T tokens, E embedding, H output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class TokenLinear(nn.Module):
    """A linear layer with dropout; in such a model only the head uses context."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.output_size = config.hidden_size
        self.projection = nn.Linear(input_size, config.hidden_size)
        self.dropout = SharedDropout(config.dropout)

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        inside_BT1 = inside(lengths_B, embedded_BTE.shape[1]).unsqueeze(2)
        hidden_BTH: Tensor = self.dropout(self.projection(embedded_BTE))
        return hidden_BTH * inside_BT1
