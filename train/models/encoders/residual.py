"""The forward pass of encoders of residual blocks. Axes: B utterances, T tokens, H channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from train.models.padding import inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn


def encode(
    hidden_BTH: Tensor, lengths_B: Tensor, blocks: Iterable[nn.Module], *, dropout: nn.Module, norm: nn.Module
) -> Tensor:
    """encoded_BTH, normalised, zero in padding; each block maps (hidden_BTH, inside_BT1) to its residual."""
    inside_BT1 = inside(lengths_B, hidden_BTH.shape[1]).unsqueeze(2)
    for block in blocks:
        hidden_BTH = hidden_BTH + dropout(block(hidden_BTH, inside_BT1))
    encoded_BTH: Tensor = norm(hidden_BTH) * inside_BT1
    return encoded_BTH
