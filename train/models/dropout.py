"""Dropout of numbers, of channels at all tokens of an utterance (Gal & Ghahramani 2016), and of whole tokens."""

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
        size = (hidden_BTH.shape[0], 1, hidden_BTH.shape[2])
        mask_B1H = torch.empty(size, device=hidden_BTH.device).bernoulli_(keep).div_(keep)
        return hidden_BTH * mask_B1H


class TokenDropout(nn.Module):
    """Drops the whole vector of a token, without scaling the others: "word dropout" of Flair and of AIN; input (B, T, E)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, embedded_BTE: Tensor) -> Tensor:
        """The identity outside training."""
        if not self.training or self.probability == 0.0:
            return embedded_BTE
        size = (*embedded_BTE.shape[:2], 1)
        mask_BT1 = torch.empty(size, device=embedded_BTE.device).bernoulli_(1.0 - self.probability)
        return embedded_BTE * mask_BT1


class EmbeddingDropout(nn.Module):
    """Dropout of numbers, of whole tokens, and of channels shared over tokens, in this order; input (B, T, E)."""

    def __init__(self, *, numbers: float, channels: float, tokens: float) -> None:
        super().__init__()
        self.kinds = nn.Sequential(nn.Dropout(numbers), TokenDropout(tokens), SharedDropout(channels))

    def forward(self, embedded_BTE: Tensor) -> Tensor:
        """The identity outside training."""
        dropped_BTE: Tensor = self.kinds(embedded_BTE)
        return dropped_BTE
