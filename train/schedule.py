"""Schedules: what an optimiser's rates are at which point of a run.

A group of parameters has a `rate`, a factor of the learning rate, and a `ramp`, the factor of that from some share of the
run on; both are entries of its optimiser's group, and 1 where they are missing. So is `halvings`, 0 where it is missing.
"""

from __future__ import annotations

from math import cos, pi
from typing import TYPE_CHECKING, Protocol

from torch.optim.lr_scheduler import OneCycleLR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from train.config import OptimConfig


class Schedule(Protocol):
    """Sets the rates of an optimiser before each of its updates."""

    def __call__(self, progress: float) -> None:
        """Set the rates of the update with which the share `progress` of the run is completed, in (0, 1]."""


class Warmup:
    """Linear warm-up to the learning rate, constant from there on; each of `halvings` of a group halves its rate."""

    def __init__(self, optimiser: torch.optim.Optimizer, optim: OptimConfig) -> None:
        self._optimiser, self._optim = optimiser, optim

    def __call__(self, progress: float) -> None:
        """Set the rates."""
        warmup = self._optim.warmup_share
        factor = progress / warmup if progress < warmup else self.decay(progress - warmup, 1 - warmup)
        rate = self._optim.learning_rate * factor
        for group in self._optimiser.param_groups:
            ramp = ramped(group.get("ramp", ()), progress)
            group["lr"] = rate * group.get("rate", 1.0) * ramp * 0.5 ** group.get("halvings", 0)

    def decay(self, _passed: float, _of: float) -> float:
        """The factor of the rate when so much of the run after the warm-up has passed."""
        return 1.0


class WarmupCosine(Warmup):
    """Linear warm-up, then cosine decay to zero."""

    def decay(self, passed: float, of: float) -> float:
        """Half of a period of a cosine, from 1 to 0."""
        return 0.5 * (1 + cos(pi * passed / of))


class WarmupLinear(Warmup):
    """Linear warm-up, then linear decay to zero."""

    def decay(self, passed: float, of: float) -> float:
        """From 1 to 0."""
        return 1 - passed / of


class OneCycle:
    """The one-cycle rate (Smith and Topin 2018): up for 30% of the updates, then down to almost zero; momentum opposite."""

    def __init__(self, optimiser: torch.optim.Optimizer, learning_rate: float, *, updates: int) -> None:
        self._cycle = OneCycleLR(optimiser, learning_rate, total_steps=max(2, updates))
        self._has_begun = False

    def __call__(self, progress: float) -> None:
        """Go on to the rates of the next update, whatever the progress."""
        if self._has_begun:
            self._cycle.step()
        self._has_begun = True


def ramped(ramp: Sequence[tuple[float, float]], progress: float) -> float:
    """The factor of the last (share of the run, factor) that `progress` has passed; 1 without any, 0 before the first."""
    factors = [factor for share, factor in ramp if progress > share]
    return factors[-1] if factors else float(not ramp)
