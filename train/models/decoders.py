"""Decoders: what an encoder gives -> scores of intents and of tags, by an MLP or by experts behind a gate.

Axes: B utterances, T tokens, H encoder output, I intents, K tags.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from train.models.experts import GatedExperts, log_probs
from train.models.padding import inside
from train.models.pooling import BELOW_ALL, largest


class DecoderSizes(NamedTuple):
    """Of the hidden layer (0 for none), its dropout, and the number of experts, where there are some."""

    hidden: int
    dropout: float
    experts: int = 0


class IntentMLP(nn.Module):
    """Maximum and mean of the encoder output over the tokens -> one hidden layer (GELU) -> logits_BI."""

    def __init__(self, input_size: int, n_intents: int, sizes: DecoderSizes) -> None:
        super().__init__()
        self.n_labels = n_intents
        self.hidden = nn.Linear(2 * input_size, sizes.hidden) if sizes.hidden else None
        self.output = nn.Linear(sizes.hidden or 2 * input_size, n_intents)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, encoded_BTH: Tensor, lengths_B: Tensor) -> Tensor:
        """logits_BI; padding has no part in maximum and mean."""
        inside_BT1 = inside(lengths_B, encoded_BTH.shape[1]).unsqueeze(2)
        largest_BH = largest(encoded_BTH, inside_BT1)
        mean_BH = (encoded_BTH * inside_BT1).sum(dim=1) / lengths_B.unsqueeze(1)
        pooled = self.dropout(torch.cat([largest_BH, mean_BH], dim=1))
        if self.hidden is not None:
            pooled = self.dropout(nn.functional.gelu(self.hidden(pooled)))
        logits_BI: Tensor = self.output(pooled)
        return logits_BI


class SlotMLP(nn.Module):
    """One hidden layer (GELU) over each token -> emissions_BTK."""

    def __init__(self, input_size: int, n_tags: int, sizes: DecoderSizes) -> None:
        super().__init__()
        self.n_labels = n_tags
        self.hidden = nn.Linear(input_size, sizes.hidden) if sizes.hidden else None
        self.output = nn.Linear(sizes.hidden or input_size, n_tags)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, encoded_BTH: Tensor) -> Tensor:
        """emissions_BTK, the unary potentials of the head."""
        if self.hidden is not None:
            encoded_BTH = self.dropout(nn.functional.gelu(self.hidden(encoded_BTH)))
        emissions_BTK: Tensor = self.output(encoded_BTH)
        return emissions_BTK


class IntentExperts(nn.Module):
    """Attention over the tokens, then experts (Chen et al. 2019, section 3.2): encoded_BTH -> logits_BI.

    z = sum_t alpha_t z_t, alpha = softmax over the tokens of w . z_t; the logits are the mixture of the experts' log P.
    """

    def __init__(self, input_size: int, n_intents: int, sizes: DecoderSizes) -> None:
        super().__init__()
        self.n_labels = n_intents
        self.attention = nn.Linear(input_size, 1, bias=False)
        layers = (input_size, sizes.hidden, n_intents)
        self.mixture = GatedExperts(sizes.experts, layers, dropout=sizes.dropout, of_output=log_probs)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, encoded_BTH: Tensor, lengths_B: Tensor) -> Tensor:
        """logits_BI; padding gets no attention."""
        inside_BT1 = inside(lengths_B, encoded_BTH.shape[1]).unsqueeze(2)
        alpha_BT1 = self.attention(encoded_BTH).masked_fill(~inside_BT1, BELOW_ALL).softmax(dim=1)
        logits_BI: Tensor = self.mixture(self.dropout((alpha_BT1 * encoded_BTH).sum(dim=1)))
        return logits_BI


class SlotExperts(nn.Module):
    """Experts over each token (Chen et al. 2019, section 3.2): encoded_BTH -> emissions_BTK, mixtures of their log P."""

    def __init__(self, input_size: int, n_tags: int, sizes: DecoderSizes) -> None:
        super().__init__()
        self.n_labels = n_tags
        layers = (input_size, sizes.hidden, n_tags)
        self.mixture = GatedExperts(sizes.experts, layers, dropout=sizes.dropout, of_output=log_probs)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, encoded_BTH: Tensor) -> Tensor:
        """emissions_BTK, the unary potentials of the head."""
        emissions_BTK: Tensor = self.mixture(self.dropout(encoded_BTH))
        return emissions_BTK
