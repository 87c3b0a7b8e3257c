"""Maximum pooling over tokens. Axes: B utterances, T tokens, H channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

BELOW_ALL = -1e4
"""The value of padding in a maximum, below all others; half precision can represent it."""


def largest(hidden_BTH: Tensor, inside_BT1: Tensor) -> Tensor:
    """largest_BH over the tokens of each utterance; `inside_BT1` is False in padding, which is left out."""
    largest_BH: Tensor = hidden_BTH.masked_fill(~inside_BT1, BELOW_ALL).amax(dim=1)
    return largest_BH
