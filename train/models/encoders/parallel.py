"""Encoders that read the same tokens side by side; a token is encoded as what all of them make of it, end to end.

Axes: B utterances, T tokens, E embedding, H encoder output.

The shape of a shared encoder beside a private one (Chen et al. 2019, section 3): each part has a name, by which tasks share
it (`train.models.sharing`), plans of transfer place it, and groups of parameters give it a rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from train.models.encoders.base import Encoder


class Parallel(nn.Module):
    """Concatenates the outputs of its `parts`, in their order."""

    def __init__(self, parts: Mapping[str, Encoder]) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(parts)  # type: ignore[arg-type]  # an encoder is a module
        self.output_size = sum(part.output_size for part in parts.values())

    def forward(self, embedded_BTE: Tensor, lengths_B: Tensor) -> Tensor:
        """encoded_BTH, zero in padding."""
        return torch.cat([part(embedded_BTE, lengths_B) for part in self.parts.values()], dim=2)
