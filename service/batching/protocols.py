"""The interfaces that the batcher needs: an item with its size, a run with its outcome, an observer, and a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from service.request_trace import RequestTrace


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
    def tokens(self) -> int:
        """How many tokens the model worked on, padding included."""

    @property
    def padding(self) -> float:
        """Share of them that is padding."""


class SharedRun(NamedTuple):
    """One run of a batch: its time by stage, its tokens and items, and when it began and ended by the clock.

    One that failed has no stages.
    """

    seconds: Mapping[str, float]
    tokens: int
    items: int
    started_s: float
    ended_s: float


class Answer(NamedTuple, Generic[FrameT]):
    """A frame, when its item was queued by the clock, how long it waited, and the run that it shares with its batch."""

    frame: FrameT
    since_s: float
    queue_s: float
    run: SharedRun


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


class RunTracer(Protocol):
    """Is told of a run that some traced requests share, once its answers are out, before anything is done with them."""

    def __call__(
        self, name: str, run: SharedRun, traces: Sequence[RequestTrace], labels: Mapping[str, str], /
    ) -> None:
        """A model of these labels has run, or failed; `name` says what its runs do."""


@dataclass(slots=True, eq=False)
class BatchedModel(Generic[ItemT, FrameT]):
    """What answers items, in batches that hold no other model's; `answered_s` is when a run last succeeded, by the clock.

    `labels` identify it where its runs are traced, under the name `span`; without any they are not.

    All guests together never hold the last inference thread: one that hangs leaves a thread to the others.
    """

    run: RunBatch[ItemT, FrameT]
    observer: Observer
    answered_s: float | None = None
    is_guest: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    span: str = "run"
