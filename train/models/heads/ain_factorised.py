"""AIN head of factorised second order, which has messages from two tokens away too (AIN, section 2.2).

Axes: K tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from train.models.heads.ain_first import AinFirst

if TYPE_CHECKING:
    from collections.abc import Sequence


class AinFactorised(AinFirst):
    """psi_t(y_{i-2}, y_{i-1}, y_i) = U~[y_{i-2}, y_i] + U[y_{i-1}, y_i]; `skips_KK` is U~."""

    def __init__(self, tags: Sequence[str], scheme: str, *, iterations: int = 3) -> None:
        super().__init__(tags, scheme, iterations=iterations)
        self.skips_KK = nn.Parameter(torch.zeros(len(self.tags), len(self.tags)))

    def tables(self) -> dict[int, Tensor]:
        """U one token apart, U~ two tokens apart."""
        return {1: self.transitions_KK, 2: self.skips_KK}
