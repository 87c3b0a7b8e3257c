"""The learning-rate schedule of a run."""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from train.config import OptimConfig


def set_rate(optimiser: torch.optim.Optimizer, optim: OptimConfig, progress: float) -> None:
    """Set the rate: linear warm-up, then cosine decay to zero; `progress` is the completed share of the run, in (0, 1]."""
    warmup = optim.warmup_share
    factor = (
        progress / warmup if progress < warmup else 0.5 * (1 + cos(pi * (progress - warmup) / (1 - warmup)))
    )
    for group in optimiser.param_groups:
        group["lr"] = optim.learning_rate * factor
