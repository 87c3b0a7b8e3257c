"""The interface of all training objectives: the batches of a pass, and what a network loses on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from train.compute import Compute
    from train.data.batches import Batches

BatchT = TypeVar("BatchT")


class Loss(NamedTuple):
    """Scalars whose sum is to be minimised, and of how many things (utterances, words) each is a mean.

    `right` is how many of them the network answers right, where the objective counts that.
    """

    parts: Mapping[str, Tensor]
    size: int
    right: int = 0


class Objective(Protocol[BatchT]):
    """What a network learns from; it knows its network and its data."""

    def batches(self, epoch: int, seed: int) -> Batches[BatchT]:
        """The batches of one pass over the data; `seed` draws what is random in them. Epochs are counted from 0."""

    def loss(self, batch: BatchT, compute: Compute) -> Loss | None:
        """The losses on a batch, differentiable; None where it has nothing to learn from."""


class Share(NamedTuple):
    """The share that a process has of a batch, and how much of the batch it is.

    There is something in each: one of weight 0 is there for its shape, and counts for nothing.
    """

    batch: Any
    weight: float

    def counts(self, loss: Loss) -> tuple[int, int]:
        """Size and `right` of its loss."""
        return (loss.size, loss.right) if self.weight else (0, 0)


@runtime_checkable
class Divisible(Protocol):
    """An objective whose batches can be shared out, the loss of each always a mean over its things."""

    def share(self, batch: Any, rank: int, size: int) -> Share:
        """The share of process `rank` of `size`."""
