"""Parts that networks of several tasks have in common, and the networks as one module to train.

Each task's network is whole: it scores, is saved and is exported as if it were alone. A part that it shares is the same
module as in the first task's network, so that what one task learns there the other one has. Which parts are shared is a
list of names, such as those of the three architectures of Yang, Salakhutdinov & Cohen 2017 (section 3.2):

    T-A   embedder, encoder, slots, head            T-B   embedder, encoder            T-C   embedder.characters, ...
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

from polyparse.corpora.selection.config import DataConfig
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.models.joint import JointNetwork


@dataclass(frozen=True, kw_only=True)
class SharingConfig:
    """What tasks that are learnt together (--also) have in common, and how often each has its turn.

    `parts` are parts of a network by name ("encoder", "encoder.parts.shared"). `weights` has the weight of a task by its
    name, 1 by default; that of the run's own corpus is 1. Each update is of one task, drawn in proportion to the weights:
    with one other task of weight w, the run's own has a probability of 1 / (1 + w).

    `data` has data options by a task's name; without any, its corpus is taken as it is.

    `slot_map` lets the other tasks learn the run's own labels, slots only: it has the own slot of a slot of theirs, or "O"
    for none; those that it does not have keep their name where that is an own slot, and are O otherwise. With null they
    have labels of their own. `keeps_others`: each of them becomes a finished run too.
    """

    parts: tuple[str, ...] = ("embedder", "encoder")
    weights: Mapping[str, float] = field(default_factory=dict, hash=False)
    data: Mapping[str, DataConfig] = field(default_factory=dict, hash=False)
    slot_map: Mapping[str, str] | None = field(default=None, hash=False)
    keeps_others: bool = True

    def __post_init__(self) -> None:
        for name, weight in self.weights.items():
            if not 0.0 < weight < math.inf:
                raise ConfigError(f"weights.{name}: found {weight}, expected more than 0")
        if self.slot_map is not None and self.keeps_others:
            raise ConfigError(
                "keeps_others: found true with a slot_map, expected false: they have no labels of their own"
            )

    def shares(self, part: str) -> bool:
        """Whether a part is shared, by itself or in a larger one."""
        return any(part == each or part.startswith(f"{each}.") for each in self.parts)


class TaskNetworks(nn.ModuleDict):
    """The networks of several tasks by name; a shared parameter is one of its parameters, under its first name."""

    def __init__(self, networks: Mapping[str, JointNetwork]) -> None:
        """ConfigError for a name that no module can have."""
        for name in networks:
            if not name.isidentifier() or hasattr(nn.ModuleDict, name):
                raise ConfigError(
                    f"found the task {name!r}, expected letters, digits and underscores, and no word of PyTorch's"
                )
        super().__init__(networks)


def share(first: nn.Module, other: nn.Module, parts: Sequence[str]) -> None:
    """Give `other` the parts of `first` in place of its own.

    Raises:
        ConfigError: a network has no such part, or they differ in kind or size.
    """
    for part in parts:
        ours, theirs = _part(first, part), _part(other, part)
        if (found := _sizes(theirs)) != (expected := _sizes(ours)):
            differing = sorted(name for name, _ in dict(found.items() ^ expected.items()).items())
            raise ConfigError(
                f"sharing.parts: {part}: found {', '.join(differing)} of another size or in one task alone,"
                " expected the same in both"
            )
        parent, _, name = part.rpartition(".")
        other.get_submodule(parent).add_module(name, ours)


def _part(network: nn.Module, part: str) -> nn.Module:
    try:
        return network.get_submodule(part)
    except AttributeError:
        names = ", ".join(name for name, _ in network.named_modules() if name)
        raise ConfigError(f"sharing.parts: found {part!r}, expected some of {names}") from None


def _sizes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(parameter.shape) for name, parameter in module.named_parameters()}
