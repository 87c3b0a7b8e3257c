"""Bidirectional GRU layers over the tokens, with dropout between them (Yang, Salakhutdinov & Cohen 2017: 2 layers).

Axes: B utterances, T tokens, E embedding, H both directions together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.recurrence import BiGRULayer

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class BiGRU(nn.Module):
    """Each direction starts at its own end of the utterance, never in the padding."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, 2 * config.hidden_size
        self.layers = nn.ModuleList(
            BiGRULayer(input_size if layer == 0 else self.output_size, config.hidden_size)
            for layer in range(config.layers)
        )
        self.dropout = SharedDropout(config.dropout)

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        hidden_BTH = embedded_BTE
        for layer in self.layers:
            hidden_BTH = self.dropout(layer(hidden_BTH, lengths_B))
        return hidden_BTH
