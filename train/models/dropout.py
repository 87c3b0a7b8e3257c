"""Dropout with one mask for all tokens of an utterance (Gal & Ghahramani 2016) instead of one mask for each token."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SharedDropout(nn.Module):
    """Drops the same channels at every token of an utterance; input (B, T, H)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, hidden_BTH: Tensor) -> Tensor:
        """The identity outside training."""
        if not self.training or self.probability == 0.0:
            return hidden_BTH
        keep = 1.0 - self.probability
        mask_B1H = torch.empty(hidden_BTH.shape[0], 1, hidden_BTH.shape[2]).bernoulli_(keep).div_(keep)
        return hidden_BTH * mask_B1H
