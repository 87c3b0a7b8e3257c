"""Bidirectional simple recurrent units (Lei et al. 2018) as residual layers with layer normalisation before each.

Axes: B utterances, T tokens, E embedding, H both directions together.

The gates of a token depend on that token alone, so one matrix product computes those of all tokens. The recurrence itself is
one multiplication and one addition for each channel:

    cell_t = forget_t * cell_{t-1} + (1 - forget_t) * value_t       (their equation 2, without the cell in the gates)
    output_t = hidden_t + leave_t * cell_t                          (instead of their highway connection)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.dropout import SharedDropout
from train.models.encoders import residual

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig

LONGEST_MEMORY = 3.0
"""Largest initial bias of a forget gate; with biases from 0 to 3, that is gates from sigmoid(0) to sigmoid(3), channels
remember 2 to 20 tokens."""


class RecurrentUnits(nn.Module):
    """One bidirectional layer: the first half of the channels runs forwards, the second half backwards."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.gates = nn.Linear(size, 3 * size, bias=False)  # value, forget, leave
        nn.init.normal_(self.gates.weight, std=size**-0.5)
        memories = torch.linspace(0.0, LONGEST_MEMORY, size // 2).repeat(2)
        self.bias = nn.Parameter(torch.cat([memories, torch.zeros(size)]))  # forget, leave

    def forward(self, hidden_BTH: Tensor, inside_BT1: Tensor) -> Tensor:
        """added_BTH, the residual of the layer. Values in padding are zero, so cells that start in padding stay zero."""
        size = hidden_BTH.shape[2]
        projected = self.gates(self.norm(hidden_BTH) * inside_BT1)
        value_BTH = projected[:, :, :size]
        forget_BTH, leave_BTH = (projected[:, :, size:] + self.bias).sigmoid().chunk(2, dim=2)
        entering = ((1 - forget_BTH) * value_BTH).chunk(2, dim=2)
        forget = forget_BTH.chunk(2, dim=2)
        cells = [_run(entering[0], forget[0], reverse=False), _run(entering[1], forget[1], reverse=True)]
        added_BTH: Tensor = leave_BTH * torch.cat(cells, dim=2)
        return added_BTH


class BiSRU(nn.Module):
    """A projection to the channels, then residual layers."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.output_size = 2 * config.hidden_size
        self.projection = nn.Linear(input_size, self.output_size)
        self.layers = nn.ModuleList(RecurrentUnits(self.output_size) for _ in range(config.layers))
        self.norm = nn.LayerNorm(self.output_size)
        self.dropout = SharedDropout(config.dropout)

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        projected_BTH = self.projection(embedded_BTE)
        return residual.encode(projected_BTH, lengths_B, self.layers, dropout=self.dropout, norm=self.norm)


def _run(entering_BTH: Tensor, forget_BTH: Tensor, *, reverse: bool) -> Tensor:
    """cells_BTH of one direction, by the recurrence above."""
    cell_BH = torch.zeros_like(entering_BTH[:, 0])
    cells: list[Tensor] = []
    steps = list(zip(entering_BTH.unbind(1), forget_BTH.unbind(1), strict=True))
    for entering_BH, forget_BH in reversed(steps) if reverse else steps:
        cell_BH = torch.addcmul(entering_BH, forget_BH, cell_BH)
        cells.append(cell_BH)
    return torch.stack(cells[::-1] if reverse else cells, dim=1)
