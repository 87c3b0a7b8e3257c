"""The versions of the model in this process: loads them, lets one serve, closes old ones that no request holds."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from polyparse.bundle.store import Located
from polyparse.contract.frame import Frame
from service.batching.batcher import Batcher
from service.errors import NotReady
from service.registry.loaded import Loaded, Loader, ModelVersion
from service.registry.policy import Close, Serve, VersionState, decide
from service.registry.version import Lease, Version

MakeBatcher = Callable[[Loaded], Batcher[Any, Frame]]


class VersionObserver(Protocol):
    """Is told which version serves, and which one was closed."""

    def serves(self, version: ModelVersion) -> None:
        """A version begins to serve."""

    def gone(self, version: ModelVersion) -> None:
        """A version was closed: no request holds it, and none will."""


class Manager:
    """Acts on what the policy decides. All use is in the event loop's thread; `load` alone runs in another."""

    def __init__(self, *, load: Loader, make_batcher: MakeBatcher, observer: VersionObserver) -> None:
        self._load = load
        self._make_batcher = make_batcher
        self._observer = observer
        self._versions: list[Version] = []
        self._closing: set[asyncio.Task[None]] = set()
        self._serving: Version | None = None

    @property
    def serving(self) -> Version | None:
        """The version that new requests get."""
        return self._serving

    async def serve(self, bundle: Located) -> None:
        """Load a bundle and let it serve; if it is refused the error is raised, and what served goes on serving."""
        loaded = await asyncio.to_thread(self._load, bundle)
        self._versions.append(Version(loaded, self._make_batcher(loaded)))
        self._apply_policy()

    def lease(self) -> Lease:
        """Hold the version that serves now; NotReady if there is none."""
        if self._serving is None:
            raise NotReady("found no model that serves, expected one")
        return Lease(self._serving, self._released)

    async def close(self, timeout_s: float) -> None:
        """Serve no more, and close every version, finishing what is in flight within `timeout_s`."""
        self._serving = None
        await asyncio.gather(
            *self._closing, *(version.batcher.close(timeout_s) for version in self._versions)
        )

    def _released(self, version: Version) -> None:
        if version.state is VersionState.RETIRED:
            self._apply_policy()

    def _apply_policy(self) -> None:
        while action := decide([version.snapshot() for version in self._versions]):
            version = self._versions[action.position]
            match action:
                case Serve():
                    self._switch_to(version)
                case Close():
                    self._close(version)

    def _switch_to(self, version: Version) -> None:
        if self._serving is not None:
            self._serving.state = VersionState.RETIRED
        version.state = VersionState.SERVING
        self._serving = version
        self._observer.serves(version.identity)

    def _close(self, version: Version) -> None:
        version.state = VersionState.CLOSED
        self._versions.remove(version)
        task = asyncio.create_task(version.batcher.close(timeout_s=0))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._observer.gone(version.identity)
