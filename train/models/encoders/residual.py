"""What encoders of residual blocks share. Axes: B utterances, T tokens, H channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


def encode(
    hidden_BTH: Tensor, lengths_B: Tensor, blocks: Iterable[nn.Module], *, dropout: nn.Module, norm: nn.Module
) -> Tensor:
    """encoded_BTH: each block adds what it makes of (hidden_BTH, inside_BT1); then normalised, zero beyond the length."""
    inside_BT1 = inside(lengths_B, hidden_BTH.shape[1]).unsqueeze(2)
    for block in blocks:
        hidden_BTH = hidden_BTH + dropout(block(hidden_BTH, inside_BT1))
    encoded_BTH: Tensor = norm(hidden_BTH) * inside_BT1
    return encoded_BTH
