"""The interfaces that the batcher needs: an item with its size, a run with its outcome, an observer, and a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar


class Sized(Protocol):
    """An item of work."""

    @property
    def n_tokens(self) -> int:
        """Its length when alone, at least 1."""

    @property
    def n_best(self) -> int:
        """How many hypotheses it asks for, at least 1."""


ItemT = TypeVar("ItemT", bound=Sized)
ItemT_contra = TypeVar("ItemT_contra", bound=Sized, contravariant=True)
FrameT = TypeVar("FrameT")
FrameT_co = TypeVar("FrameT_co", covariant=True)


class Outcome(Protocol[FrameT_co]):
    """The result of a run."""

    @property
    def frames(self) -> Sequence[FrameT_co]:
        """One frame an item, in the order of the items."""

    @property
    def seconds(self) -> Mapping[str, float]:
        """Time by stage."""

    @property
    def padding(self) -> float:
        """Share of the batch that is padding."""


class Answer(NamedTuple, Generic[FrameT]):
    """A frame, how long its item waited, and the seconds by stage of the run that it shares with its batch."""

    frame: FrameT
    queue_s: float
    run_seconds: Mapping[str, float]


class RunBatch(Protocol[ItemT_contra, FrameT_co]):
    """The model; several threads call it at once."""

    def __call__(self, items: Sequence[ItemT_contra], /) -> Outcome[FrameT_co]:
        """Answer a batch, or raise."""


class Observer(Protocol):
    """Is told of events, in the event loop's thread, after the answers are out."""

    def queued(self, seconds: float, /) -> None:
        """An item waited so long for its run."""

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """A run of so many sequences gave an outcome."""


@dataclass(slots=True, eq=False)
class BatchedModel(Generic[ItemT, FrameT]):
    """What answers items, in batches that hold no other model's; `answered_s` is when a run last succeeded, by the clock."""

    run: RunBatch[ItemT, FrameT]
    observer: Observer
    answered_s: float | None = None
