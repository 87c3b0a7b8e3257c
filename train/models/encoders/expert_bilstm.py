"""The private extractor of MAN-MoE (Chen et al. 2019, section 3.1): a biLSTM, each token of which a gate gives to experts.

    p_t = sum_k g_tk tanh(expert_k(r_t)),    g_t = softmax(W stop(r_t) + b),    r = biLSTM(x)

An expert becomes that of a language by what the gate learns; the biLSTM is one for all languages.

Axes: B utterances, T tokens, E embedding, H both directions together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.encoders.bilstm import BiLSTM
from train.models.experts import GatedExperts
from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class ExpertBiLSTM(nn.Module):
    """All layers of an expert are as large as what the biLSTM gives."""

    def __init__(self, input_size: int, config: EncoderConfig) -> None:
        super().__init__()
        self.recurrent = BiLSTM(input_size, config)
        self.output_size = self.recurrent.output_size
        self.mixture = GatedExperts(
            config.experts, (self.output_size,) * 3, dropout=config.dropout, of_output=torch.tanh
        )

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        mixed_BTH: Tensor = self.mixture(self.recurrent(embedded_BTE, lengths_B))
        return mixed_BTH * inside(lengths_B, mixed_BTH.shape[1]).unsqueeze(2)
