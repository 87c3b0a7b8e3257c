"""The smallest thing to learn: a number for each row of a few, by a linear layer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from train.compute import CPU, Compute
from train.config import OptimConfig
from train.objectives.base import Loss
from train.schedule import WarmupCosine
from train.training.learner import Learner, Updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.config import ParameterGroup


class Plane(nn.Module):
    """Two layers, so that there are several parameters to name."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(4, 1)


class Fit:
    """Squared error against a constant, over batches that carry a seed and a number to tell them apart."""

    def __init__(self, module: Plane, target: float, *, n_batches: int, through: Plane | None = None) -> None:
        self._module, self._target, self._n_batches = module, target, n_batches
        self._through = through
        self.seen: list[tuple[int, int]] = []

    def batches(self, _epoch: int, seed: int) -> list[tuple[int, int]]:
        return [(seed, number) for number in range(self._n_batches)]

    def loss(self, batch: tuple[int, int], compute: Compute) -> Loss | None:
        self.seen.append(batch)
        if batch[1] < 0:
            return None
        rows = torch.ones(2, 3, device=compute.device) * (1 + batch[1])
        hidden = self._module.first(
            rows if self._through is None else rows + self._through.first(rows)[:, :3]
        )
        return Loss({"square": (self._module.second(hidden) - self._target).square().mean()}, 2)


def learner(module: nn.Module, groups: Sequence[ParameterGroup] = ()) -> Learner:
    optim = OptimConfig(learning_rate=0.01, warmup_share=0.0)
    updates = Updates(
        optimiser=partial(torch.optim.AdamW, lr=optim.learning_rate, weight_decay=0.1),
        schedule=partial(WarmupCosine, optim=optim),
        groups=groups,
    )
    return Learner(module, updates, Compute(CPU))


def values(module: nn.Module) -> dict[str, torch.Tensor]:
    """Copies of its parameters."""
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def moved(module: nn.Module, before: dict[str, torch.Tensor]) -> set[str]:
    """The names of the parameters that are no longer what they were, to the bit."""
    return {name for name, value in module.named_parameters() if not value.equal(before[name])}
