"""Parts that networks of several tasks have in common, and the networks as one module to train.

Each task's network is whole: it scores, is saved and is exported as if it were alone. A part that it shares is the same
module as in the first task's network, so that what one task learns there the other one has. Which parts are shared is a
list of names, such as those of the three architectures of Yang, Salakhutdinov & Cohen 2017 (section 3.2):

    T-A   embedder, encoder, slots, head            T-B   embedder, encoder            T-C   embedder.characters, ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from train.models.joint import JointNetwork


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
