"""Gated convolutions over the tokens (Dauphin et al. 2017), each of which also reads the whole utterance (Hu et al. 2018).

Axes: B utterances, T tokens, E embedding, H channels, N the channels of a token and of one neighbour on each side.

Without a recurrence, a batch is a few large matrix products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.encoders import residual
from train.models.pooling import largest

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig

DILATIONS = (1, 2)
"""Distance of the neighbours that a block reads, block by block, repeated for further blocks."""


class GatedBlock(nn.Module):
    """A gated linear unit over each token, its neighbours `dilation` tokens away and the maximum over all tokens."""

    def __init__(self, size: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(size)
        self.near = nn.Linear(3 * size, 2 * size)
        self.whole = nn.Linear(size, 2 * size, bias=False)
        nn.init.normal_(self.near.weight, std=(1.3 / (3 * size)) ** 0.5)
        nn.init.zeros_(self.near.bias)
        nn.init.normal_(self.whole.weight, std=0.5 * size**-0.5)

    def forward(self, hidden_BTH: Tensor, inside_BT1: Tensor) -> Tensor:
        """gated_BTH, the residual of the block; it reads zeros in padding and beyond the ends."""
        normed_BTH = self.norm(hidden_BTH) * inside_BT1
        padded_BTH = nn.functional.pad(normed_BTH, (0, 0, self.dilation, self.dilation))
        length = hidden_BTH.shape[1]
        near_BTN = torch.cat([padded_BTH[:, :length], normed_BTH, padded_BTH[:, -length:]], dim=2)
        largest_BH = largest(normed_BTH, inside_BT1)
        gated_BTH: Tensor = nn.functional.glu(
            self.near(near_BTN) + self.whole(largest_BH).unsqueeze(1), dim=2
        )
        return gated_BTH


class GatedCNN(nn.Module):
    """A projection to `hidden_size` channels, then residual blocks, with layer normalisation before each and at the end."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.output_size = config.hidden_size
        self.projection = nn.Linear(input_size, config.hidden_size)
        self.blocks = nn.ModuleList(
            GatedBlock(config.hidden_size, DILATIONS[layer % len(DILATIONS)])
            for layer in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.hidden_size)
        self.dropout = SharedDropout(config.dropout)

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        projected_BTH = self.projection(embedded_BTE)
        return residual.encode(projected_BTH, lengths_B, self.blocks, dropout=self.dropout, norm=self.norm)
