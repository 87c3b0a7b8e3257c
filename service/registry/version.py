"""A version that serves, and the lease by which a request holds it: whatever is held is never closed."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from polyparse.contract.frame import Frame
from service.batching.batcher import Batcher
from service.registry.loaded import Loaded
from service.registry.policy import Snapshot, VersionState


class Version:
    """A loaded model with its own batcher, so that no batch mixes versions. All use is in the event loop's thread."""

    def __init__(self, loaded: Loaded, batcher: Batcher[Any, Frame]) -> None:
        self.identity = loaded.identity
        self.parser = loaded.parser
        self.golden = loaded.golden
        self.batcher = batcher
        self.state = VersionState.READY
        self.leases = 0

    def snapshot(self) -> Snapshot:
        """Return what the policy needs."""
        return Snapshot(self.state, self.leases)


class Lease:
    """Holds a version for the length of a `with`; calls `released` at its end."""

    __slots__ = ("_released", "_version")

    def __init__(self, version: Version, released: Callable[[Version], None]) -> None:
        self._version = version
        self._released = released

    def __enter__(self) -> Version:
        self._version.leases += 1
        return self._version

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._version.leases -= 1
        self._released(self._version)
