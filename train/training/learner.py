"""A learner: a module with its optimiser, its rates and perhaps averaged weights; it makes one update at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from polyparse.errors import ConfigError
from train.config import ParameterGroup
from train.ranks import ALONE, Ranks
from train.schedule import Schedule
from train.training.batch_loss import batch_losses

if TYPE_CHECKING:
    from train.compute import Compute
    from train.objectives.base import BatchT, Loss, Objective

Group = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Updates:
    """How parameters are moved: an optimiser of groups of them, its rates over a run, the largest norm of a gradient."""

    optimiser: Callable[[list[Group]], torch.optim.Optimizer]
    schedule: Callable[[torch.optim.Optimizer], Schedule]
    groups: Sequence[ParameterGroup] = ()
    clip_norm: float = inf


class Learner:
    """Moves the parameters of a module by the gradients of objectives, and no others."""

    def __init__(
        self,
        module: nn.Module,
        updates: Updates,
        compute: Compute,
        *,
        average: AveragedModel | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        """Moves the module to the device; `average` follows its weights, if there is one.

        Each of several processes has such a learner; `ranks` share the batches out, and all make the same updates.
        """
        self.module, self.compute = module.to(compute.device), compute
        self.optimiser = updates.optimiser(parameter_groups(module, updates.groups))
        self._schedule, self._clip_norm = updates.schedule(self.optimiser), updates.clip_norm
        self._losses = batch_losses(self.module, ranks)
        self._average = None if average is None else average.to(compute.device)

    def update(self, objective: Objective[BatchT], batch: BatchT, progress: float) -> Loss | None:
        """One update, with which the share `progress` of the run is completed; the losses before it, None for no update."""
        self._schedule(progress)
        loss = self._losses(objective, batch, self.compute)
        if loss is None:
            return None
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss.derived)
        if self._clip_norm < inf:
            nn.utils.clip_grad_norm_(self.module.parameters(), self._clip_norm)
        self.optimiser.step()
        if self._average is not None:
            self._average.update_parameters(self.module)
        return loss.whole

    def state(self) -> dict[str, Any]:
        """What `restore` needs: of the module and of its optimiser."""
        return {"module": self.module.state_dict(), "optimiser": self.optimiser.state_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; raises what PyTorch raises, or KeyError, for another one."""
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])


def parameter_groups(module: nn.Module, groups: Sequence[ParameterGroup]) -> list[Group]:
    """The trained parameters as groups of an optimiser; each belongs to the first group whose pattern its name matches.

    What a group freezes is not trained from here on. What no pattern matches has the learning rate itself.

    Raises:
        ConfigError: a pattern matches no parameter that another one has not matched before.
    """
    unmatched = dict(module.named_parameters())
    trained: list[Group] = []
    for group in groups:
        matched = {name: one for name, one in unmatched.items() if fnmatchcase(name, group.pattern)}
        if not matched:
            raise ConfigError(
                f"optim.groups: found the pattern {group.pattern!r}, which matches nothing, expected one that matches some"
                f" of {', '.join(unmatched)}"
            )
        for name, parameter in matched.items():
            parameter.requires_grad_(parameter.requires_grad and group.rate > 0.0)
            del unmatched[name]
        trained.append({"params": list(matched.values()), "rate": group.rate, "ramp": group.ramp})
    trained.insert(0, {"params": list(unmatched.values())})
    for each in trained:
        each["params"] = [parameter for parameter in each["params"] if parameter.requires_grad]
    return [each for each in trained if each["params"]]


def averaged(module: nn.Module, decay: float) -> AveragedModel:
    """A copy of the module, whose weights will be an exponential moving average of the module's."""
    return AveragedModel(module, multi_avg_fn=_moving_average(decay))


def _moving_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Exponential moving average; its decay rises to `decay` over the first steps, so that early weights fade quickly."""

    @torch.no_grad()
    def average(averaged: list[torch.Tensor], current: list[torch.Tensor], steps: torch.Tensor) -> None:
        current_decay = min(decay, (1.0 + float(steps)) / (10.0 + float(steps)))
        torch._foreach_lerp_(averaged, current, 1.0 - current_decay)

    return average
