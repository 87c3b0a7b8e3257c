"""A version in this process, and the lease by which a request holds it: what is held is never closed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from polyparse.bundle.golden import Golden
from polyparse.bundle.status import Verdict
from polyparse.bundle.store import Located
from polyparse.contract.frame import Frame
from polyparse.errors import PolyparseError
from service.batching.protocols import BatchedModel, Observer
from service.registry.loaded import ModelVersion, ServedParser
from service.registry.policy import Snapshot, VersionState


class VersionObserver(Observer, Protocol):
    """Is told of a version's requests and runs."""

    def encoded(self, seconds: float, /) -> None:
        """Arrays were made of an utterance in so long."""


class LoadedVersion(NamedTuple):
    """What a request needs of a version: text to arrays by `parser.prepare`, arrays to a frame by `model`."""

    identity: ModelVersion
    parser: ServedParser[Any]
    model: BatchedModel[Any, Frame]
    golden: Golden
    observer: VersionObserver


@dataclass(slots=True, eq=False)
class Version:
    """A bundle on its way through this process; `reason` says why it was refused, or waits.

    All use is in the event loop's thread.
    """

    bundle: Located
    state: VersionState = VersionState.LOADING
    reason: PolyparseError | None = None
    leases: int = 0
    loaded: LoadedVersion | None = None
    is_cancelled: Event = field(default_factory=Event)
    """Tells the thread of its load that it is not wished any more."""
    percent: float | None = None
    """Of the requests, which it answers as the canary; None where it is not."""
    verdict: Verdict | None = None
    """What this process finds of it as the canary."""
    share: float | None = None
    """Of the requests, which it parses as the shadow; None where it is not."""

    @property
    def number(self) -> str:
        """The version by which it is asked for; the name of its folder until it is loaded."""
        return self.bundle.bundle.name if self.loaded is None else self.loaded.identity.version

    @property
    def digest(self) -> str | None:
        """The sha256 of its manifest; None while nobody has said or computed it."""
        return self.bundle.digest if self.loaded is None else self.loaded.identity.digest

    def fields(self) -> dict[str, object]:
        """The fields that identify it in the log."""
        return {"version": self.number, "digest": self.digest}

    def snapshot(self) -> Snapshot:
        """What the policy needs."""
        return Snapshot(self.bundle, self.state, self.leases)


class Lease:
    """Holds a loaded version for the length of a `with`; calls `released` at its end."""

    __slots__ = ("_loaded", "_released", "_version")

    def __init__(self, version: Version, loaded: LoadedVersion, released: Callable[[Version], None]) -> None:
        self._version = version
        self._loaded = loaded
        self._released = released

    def __enter__(self) -> LoadedVersion:
        self._version.leases += 1
        return self._loaded

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._version.leases -= 1
        self._released(self._version)
