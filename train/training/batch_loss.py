"""The loss of a batch, in one process or shared out to several, which then derive the gradients that one would.

Process r of R has n_r of the n utterances of a batch, and l_r is its mean loss over them. DistributedDataParallel averages
gradients over the processes, so that each derives (R n_r / n) l_r: their mean is the gradient of the mean over all n.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from polyparse.errors import ConfigError
from train.objectives.base import Divisible, Loss

if TYPE_CHECKING:
    from train.compute import Compute
    from train.objectives.base import BatchT, Objective
    from train.ranks import Ranks


class BatchLoss(NamedTuple):
    """What this process is to derive, and the loss of the whole batch."""

    derived: Tensor
    whole: Loss


class BatchLosses(Protocol):
    """Gives the loss of each batch."""

    def __call__(self, objective: Objective[BatchT], batch: BatchT, compute: Compute) -> BatchLoss | None:
        """The loss of the batch; None where there is nothing to learn from."""


def batch_losses(module: nn.Module, ranks: Ranks) -> BatchLosses:
    """The losses of a module that learns in so many processes."""
    return whole_loss if ranks.size == 1 else SharedLosses(module, ranks)


def whole_loss(objective: Objective[BatchT], batch: BatchT, compute: Compute) -> BatchLoss | None:
    """The loss of a batch that this process has alone."""
    loss = objective.loss(batch, compute)
    return None if loss is None else BatchLoss(reduce(add, loss.parts.values()), loss)


class SharedLosses:
    """The losses of batches of which each process has a share."""

    def __init__(self, module: nn.Module, ranks: Ranks) -> None:
        """Gives the module the parameters that it has in the first process."""
        self._ranks = ranks
        self._parallel = DistributedDataParallel(_OwnLoss(module), find_unused_parameters=True)

    def __call__(self, objective: Objective[BatchT], batch: BatchT, compute: Compute) -> BatchLoss | None:
        """The loss of this process's share, and that of all of them together."""
        if not isinstance(objective, Divisible):
            raise ConfigError(
                f"found {type(objective).__name__} in {self._ranks.size} processes, expected one: its batches are not shared"
            )
        share = objective.share(batch, self._ranks.rank, self._ranks.size)
        loss: Loss = self._parallel(objective, share.batch, compute)
        weight = share.weight * self._ranks.size
        counted = [
            *(value.detach() * share.weight for value in loss.parts.values()),
            *(torch.tensor(float(count), device=compute.device) for count in share.counts(loss)),
        ]
        sums = torch.stack([value.double() for value in counted])
        distributed.all_reduce(sums)
        *parts, size, right = sums
        whole = Loss(dict(zip(loss.parts, parts, strict=True)), int(size), int(right))
        return BatchLoss(weight * reduce(add, loss.parts.values()), whole)


class _OwnLoss(nn.Module):
    """The loss as the forward pass of a module, which is what DistributedDataParallel looks at."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, objective: Objective[Any], batch: object, compute: Compute) -> Loss | None:
        """The loss of a batch."""
        return objective.loss(batch, compute)
