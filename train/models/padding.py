"""The mask of tokens in a padded batch. Axes: B utterances, T tokens."""

from __future__ import annotations

import torch
from torch import Tensor


def inside(lengths_B: Tensor, n_tokens: int) -> Tensor:
    """inside_BT: whether a position holds a token of its utterance."""
    return torch.arange(n_tokens, device=lengths_B.device) < lengths_B[:, None]
