"""What the batcher asks of others: of an item its size, of a run its outcome, of an observer nothing but to listen."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar


class Sized(Protocol):
    """An item of work."""

    @property
    def n_tokens(self) -> int:
        """Its length when alone, at least 1."""

    @property
    def n_best(self) -> int:
        """How many frames it wants, at least 1."""


ItemT = TypeVar("ItemT", bound=Sized)
ItemT_contra = TypeVar("ItemT_contra", bound=Sized, contravariant=True)
FrameT = TypeVar("FrameT")
FrameT_co = TypeVar("FrameT_co", covariant=True)


class Outcome(Protocol[FrameT_co]):
    """What a run gives back."""

    @property
    def frames(self) -> Sequence[FrameT_co]:
        """One frame an item, in the order of the items."""

    @property
    def seconds(self) -> Mapping[str, float]:
        """Time by stage."""

    @property
    def padding(self) -> float:
        """Share of the batch that is padding."""


class Run(Protocol[ItemT_contra, FrameT_co]):
    """The model; several threads call it at once."""

    def __call__(self, items: Sequence[ItemT_contra], /) -> Outcome[FrameT_co]:
        """Answer a batch, or raise."""


class Observer(Protocol):
    """Told of what happened, in the event loop's thread, after the answers are out."""

    def queued(self, seconds: float) -> None:
        """An item waited so long for its run."""

    def ran(self, rows: int, outcome: Outcome[object]) -> None:
        """A run of so many rows gave an outcome."""
