"""No encoder: a token is its word's vector (WORD ONLY of AIN, section 3.2; with `mlp_size` 0, emissions = W e + b).

Axes: B utterances, T tokens, E embedding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from train.models.padding import inside

if TYPE_CHECKING:
    from train.models.encoders.base import EncoderConfig


class IdentityEncoder(nn.Module):
    """Has no parameters; sizes and dropout of the config have no part in it."""

    def __init__(self, input_size: int, _config: EncoderConfig) -> None:
        super().__init__()
        self.input_size = self.output_size = input_size

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """The input, zero in padding."""
        return embedded_BTE.masked_fill(~inside(lengths_B, embedded_BTE.shape[1]).unsqueeze(2), 0.0)
