"""A bidirectional GRU layer that never reads padding (Cho et al. 2014, in PyTorch's form), for words and for characters.

Axes: B sequences, T steps, E input, H both directions together.

    r = s(W_r x + U_r h)    z = s(W_z x + U_z h)    n = tanh(W_n x + r * (U_n h))    h' = (1 - z) * n + z * h

where each product has a bias of its own.

Both directions run from the left: the backward one reads each sequence reversed within its length. So padding comes last
for both, and no step has to know the lengths: the layer can be traced for any of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from train.compute import lstm_autocast
from train.models.padding import inside


class BiGRULayer(nn.Module):
    """`size` is that of one direction."""

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(input_size, size, batch_first=True)
        self.backwards = nn.GRU(input_size, size, batch_first=True)
        for gru in (self.forwards, self.backwards):
            for input_weight, recurrent_weight, *biases in gru.all_weights:
                nn.init.xavier_uniform_(input_weight)
                for gate in recurrent_weight.data.chunk(3):
                    nn.init.orthogonal_(gate)
                for bias in biases:
                    nn.init.zeros_(bias)

    def forward(self, values_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """states_BTH, zero in padding."""
        with lstm_autocast(values_BTE.device):
            values_BTE = values_BTE.to(next(self.parameters()).dtype)
            forwards_BTH, _ = self.forwards(values_BTE)
            backwards_BTH, _ = self.backwards(_reversed(values_BTE, lengths_B))
        states_BTH = torch.cat([forwards_BTH, _reversed(backwards_BTH, lengths_B)], dim=2)
        return states_BTH * inside(lengths_B, values_BTE.shape[1]).unsqueeze(2)


def last_states(states_BTH: Tensor, lengths_B: Tensor) -> Tensor:
    """ends_BH: of each sequence, the forward state of its last step and the backward state of its first."""
    forwards_BTH, backwards_BTH = states_BTH.chunk(2, dim=2)
    last_B11 = (lengths_B - 1)[:, None, None].expand(-1, 1, forwards_BTH.shape[2])
    return torch.cat([forwards_BTH.gather(1, last_B11)[:, 0], backwards_BTH[:, 0]], dim=1)


def _reversed(values_BTE: Tensor, lengths_B: Tensor) -> Tensor:
    """Each sequence from its last step to its first; padding stays where it is."""
    steps_T = torch.arange(values_BTE.shape[1], device=lengths_B.device)
    lengths_B1 = lengths_B[:, None]
    source_BT = torch.where(steps_T < lengths_B1, lengths_B1 - 1 - steps_T, steps_T)
    return values_BTE.gather(1, source_BT[:, :, None].expand_as(values_BTE))
