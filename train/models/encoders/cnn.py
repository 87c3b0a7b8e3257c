"""Convolutions over the tokens with kernels of width 3 (with one layer, the WORD-CNN encoder of AIN, section 3.2).

Axes: B utterances, T tokens, E embedding, H filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig

KERNEL_WIDTH = 3


class TokenCNN(nn.Module):
    """Each layer reads one neighbour on each side; padding counts as zeros, like positions beyond the ends."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.output_size = config.hidden_size
        self.layers = nn.ModuleList(
            nn.Conv1d(
                input_size if layer == 0 else config.hidden_size,
                config.hidden_size,
                KERNEL_WIDTH,
                padding=KERNEL_WIDTH // 2,
            )
            for layer in range(config.layers)
        )
        self.dropout = SharedDropout(config.dropout)

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH; every layer is masked, so that the next one reads zeros in padding."""
        inside_BT1 = inside(lengths_B, embedded_BTE.shape[1]).unsqueeze(2)
        hidden_BTH = embedded_BTE * inside_BT1
        for layer in self.layers:
            hidden_BTH = torch.relu(layer(hidden_BTH.transpose(1, 2)).transpose(1, 2))
            hidden_BTH = self.dropout(hidden_BTH * inside_BT1)
        return hidden_BTH
