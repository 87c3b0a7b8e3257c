"""The word CNN of AIN's code and of NCRF++: a projection with tanh, then convolutions, ReLU, dropout, batch normalisation.

Axes: B utterances, T tokens, N tokens of all utterances together, E embedding, H filters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.encoders.cnn import KERNEL_WIDTH
from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class TokenBatchNorm(nn.BatchNorm1d):
    """Batch normalisation whose statistics know of tokens alone, not of padding."""

    def forward(self, hidden_BTH: Tensor, inside_BT: Tensor) -> Tensor:  # type: ignore[override]  # a mask too
        """normalised_BTH; outside training each token by itself, by the running statistics."""
        if not self.training:
            return super().forward(hidden_BTH.transpose(1, 2)).transpose(1, 2)
        normalised_BTH = torch.zeros_like(hidden_BTH)
        normalised_BTH[inside_BT] = super().forward(hidden_BTH[inside_BT])
        return normalised_BTH


class ConvolutionBlock(nn.Module):
    """A convolution over a token and its neighbours, ReLU, dropout, perhaps batch normalisation."""

    def __init__(self, size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(size, size, KERNEL_WIDTH, padding=KERNEL_WIDTH // 2)
        self.dropout = SharedDropout(config.dropout)
        self.norm = TokenBatchNorm(size) if config.batch_norm else None

    def forward(self, hidden_BTH: Tensor, inside_BT: Tensor) -> Tensor:
        """convolved_BTH, zero in padding; the input must be zero there."""
        activated_BTH = torch.relu(self.convolution(hidden_BTH.transpose(1, 2)).transpose(1, 2))
        convolved_BTH: Tensor = self.dropout(activated_BTH)
        if self.norm is not None:
            convolved_BTH = self.norm(convolved_BTH, inside_BT)
        return convolved_BTH.masked_fill(~inside_BT.unsqueeze(2), 0.0)


class ProjectedCNN(nn.Module):
    """`projection` reads one word at a time; each of the blocks after it one more neighbour on each side."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.input_size, self.output_size = input_size, config.hidden_size
        self.projection = nn.Linear(input_size, config.hidden_size)
        self.blocks = nn.ModuleList(
            ConvolutionBlock(config.hidden_size, config) for _ in range(config.layers)
        )

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        inside_BT = inside(lengths_B, embedded_BTE.shape[1])
        projected_BTH = torch.tanh(self.projection(embedded_BTE))
        hidden_BTH = projected_BTH.masked_fill(~inside_BT.unsqueeze(2), 0.0)
        for block in self.blocks:
            hidden_BTH = block(hidden_BTH, inside_BT)
        encoded_BTH: Tensor = hidden_BTH
        return encoded_BTH
