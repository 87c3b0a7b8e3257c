"""The versions of the model in this process: acts on what the policy decides, until what is wished serves.

All use is in the event loop's thread. Loads and the return of memory run in threads of their own, which are daemons: one
that hangs keeps nothing from ending.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from polyparse.bundle.status import CURE
from polyparse.errors import PolyparseError
from service.batching.protocols import BatchedModel
from service.registry import policy
from service.registry.assignment import Asked, assign
from service.registry.candidates import Candidates
from service.registry.errors import Evicted, LoadCancelled, LoadFailed, LoadTimeout, MemoryShort, bare
from service.registry.in_thread import in_thread
from service.registry.loaded import Loaded, Loader, ModelVersion
from service.registry.policy import (
    Cancel,
    Close,
    Desired,
    Evict,
    Forget,
    Load,
    Refuse,
    Retire,
    Switch,
    VersionState,
)
from service.registry.version import Lease, LoadedVersion, Version, VersionObserver

CLOSE_S = 2.0
"""Time for loads to be given up at the end; what goes on after it is a thread that the process does not wait for."""

logger = logging.getLogger(__name__)


class RegistryObserver(Protocol):
    """Is told what happens to versions."""

    def of_version(self, version: ModelVersion) -> VersionObserver:
        """The observer of a version's requests and runs, from now until it is gone."""

    def serves(self, version: ModelVersion) -> None:
        """A version begins to serve."""

    def gone(self, version: ModelVersion) -> None:
        """A version's memory was returned: no request holds it, and none will."""

    def loaded(self, outcome: str, seconds: float) -> None:
        """A load ended, "ok" or with the code of an error."""


Listener = Callable[[Sequence[Version], int | None], None]
"""Is told the versions and the generation of the wish where any of them may be another."""


class Manager:
    """Loads, switches and closes versions; hands out leases on them. Its candidates are to be told how requests end."""

    def __init__(
        self,
        *,
        loader: Loader,
        observer: RegistryObserver,
        listeners: Sequence[Listener] = (),
        keep_previous: bool,
        load_timeout_s: float,
        candidates: Candidates | None = None,
    ) -> None:
        self._loader = loader
        self._observer = observer
        self._listeners = listeners
        self._keep_previous = keep_previous
        self._load_timeout_s = load_timeout_s
        self.candidates = candidates or Candidates()
        self.candidates.listen(self._tell)
        self._desired: Desired | None = None
        self._is_memory_short = False
        self._versions: list[Version] = []
        self._serving: Version | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def serving(self) -> LoadedVersion | None:
        """The version that new requests get."""
        return None if self._serving is None else self._serving.loaded

    @property
    def versions(self) -> Sequence[Version]:
        """Every version that is known, in the order in which they came."""
        return tuple(self._versions)

    async def start(self, desired: Desired) -> None:
        """Wish for the first time, and wait until a version serves; raises why none does."""
        self.wish(desired)
        while self._serving is None and self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        if self._serving is None:
            raise next(version.reason for version in self._versions if version.reason is not None)

    def wish(self, desired: Desired, *, is_memory_short: bool = False) -> None:
        """Let this be wished from now on; the same wish again changes nothing."""
        if self._is_closed:
            return
        if self._desired is not None and desired != self._desired:
            self._try_again()
        self._desired, self._is_memory_short = desired, is_memory_short
        self._apply_policy()

    def lease(self, asked: Asked | None = None) -> Lease:
        """Hold the version that answers a request, or, without one, what serves; NotReady or VersionNotLoaded."""
        if asked is None:
            return self._lease_on(assign(None, self._serving, self._versions))
        split, point = self.candidates.split, self.candidates.point(asked)
        return self._lease_on(assign(asked.pinned, self._serving, self._versions, split, point))

    def lease_shadow(self) -> Lease | None:
        """Hold the shadow, where one is loaded."""
        shadow = self.candidates.shadow
        return None if shadow is None or self._is_closed else self._lease_on(shadow)

    async def close(self) -> None:
        """Serve no more, and give up what is being loaded."""
        self._is_closed = True
        self._serving = self._desired = None
        for version in self._versions:
            version.is_cancelled.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        for task in self._tasks:
            task.cancel()

    def _lease_on(self, version: Version) -> Lease:
        assert version.loaded is not None  # noqa: S101 - what takes requests is loaded.
        return Lease(version, version.loaded, self._released)

    def _try_again(self) -> None:
        """Forget what was refused, and that memory was short for what is about to go."""
        for version in list(self._versions):
            if version.state is VersionState.FAILED:
                self._versions.remove(version)
            elif version.state in policy.LEAVING:
                version.reason = None

    def _released(self, version: Version) -> None:
        if version.state is VersionState.RETIRED:
            self._apply_policy()

    def _apply_policy(self) -> None:
        desired = self._desired
        if desired is None:
            return
        while action := policy.decide(
            desired,
            [version.snapshot() for version in self._versions],
            keeps_previous=self._keep_previous,
            is_memory_short=self._is_memory_short,
        ):
            self._act(action)
        self._is_memory_short = False  # It is said again while it lasts: what goes now may be enough.
        self._tell()

    def _tell(self) -> None:
        """Find the candidates among the versions, and tell those who listen."""
        if self._desired is None:
            return
        self.candidates.follow(self._desired, self._versions, self._serving)
        for listener in self._listeners:
            listener(self._versions, self._desired.generation)

    def _act(self, action: policy.Action) -> None:
        if isinstance(action, Load):
            version = Version(action.bundle)
            self._versions.append(version)
            self._start_task(self._load(version))
            return
        version = self._versions[action.position]
        match action:
            case Cancel():
                version.state = VersionState.CANCELLED
                version.is_cancelled.set()
            case Switch():
                self._switch_to(version)
            case Retire() | Evict():
                version.state = VersionState.RETIRED
                version.reason = Evicted() if isinstance(action, Evict) else None
            case Close():
                version.state = VersionState.CLOSING
                self._start_task(self._close(version))
            case Refuse():
                self._refuse(version)
            case Forget():
                self._versions.remove(version)

    def _start_task(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, version: Version) -> None:
        loop = asyncio.get_running_loop()
        started_s, desired = loop.time(), self._desired
        logger.info("version loads", extra=version.fields())
        try:
            loaded = await self._load_in_time(version)
        except PolyparseError as error:
            version.reason = bare(error)
        else:
            self._observer.loaded("ok", loop.time() - started_s)
            version.loaded = self._with_model(loaded)
            seconds = round(loop.time() - started_s, 3)
            logger.info("version ready", extra=version.fields() | {"seconds": seconds})
        self._load_ended(version, is_same_wish=desired == self._desired)
        self._apply_policy()

    async def _load_in_time(self, version: Version) -> Loaded:
        """The loaded version; every way in which that can fail is a PolyparseError."""
        load = partial(
            self._loader.load,
            version.bundle,
            beside=None if self.serving is None else self.serving.parser,
            is_cancelled=version.is_cancelled,
        )
        limit = asyncio.timeout(self._load_timeout_s)
        try:
            async with limit:
                return await in_thread(load, "load")
        except PolyparseError:
            raise
        except Exception as error:
            if limit.expired():
                version.is_cancelled.set()
                raise LoadTimeout(self._load_timeout_s) from None
            logger.exception("load failed", extra=version.fields())
            raise LoadFailed(error) from None

    def _with_model(self, loaded: Loaded) -> LoadedVersion:
        observer = self._observer.of_version(loaded.identity)
        model = BatchedModel(loaded.parser.run, observer, is_guest=True, labels=loaded.identity.labels())
        return LoadedVersion(loaded.identity, loaded.parser, model, loaded.golden, observer)

    def _load_ended(self, version: Version, *, is_same_wish: bool) -> None:
        """The state that follows LOADING or CANCELLED. What was refused is tried again if the wish changed meanwhile."""
        is_cancelled = version.state is VersionState.CANCELLED
        if version.loaded:
            version.state = VersionState.RETIRED if is_cancelled else VersionState.READY
        elif is_cancelled or isinstance(version.reason, LoadCancelled):
            self._versions.remove(version)
        elif isinstance(version.reason, MemoryShort):
            version.state = VersionState.WAITING
        else:
            self._refuse(version)
            if not is_same_wish:
                self._versions.remove(version)

    def _refuse(self, version: Version) -> None:
        version.state = VersionState.FAILED
        assert version.reason is not None  # noqa: S101 - whatever is refused has a reason.
        self._observer.loaded(version.reason.code, 0.0)
        fields = {"code": version.reason.code, "reason": str(version.reason), "cure": CURE}
        logger.error("version refused", extra=version.fields() | fields)

    def _switch_to(self, version: Version) -> None:
        assert version.loaded is not None  # noqa: S101 - the policy switches to nothing else.
        if self._serving is not None:
            self._serving.state = VersionState.READY
            if self._serving.loaded is not None:
                self._serving.loaded.model.is_guest = True
        version.loaded.model.is_guest = False
        version.state = VersionState.SERVING
        self._serving = version
        self._observer.serves(version.loaded.identity)
        logger.info("version serves", extra=version.fields())

    async def _close(self, version: Version) -> None:
        """Return the memory in a thread: dropping its tables there stalls no request."""
        assert version.loaded is not None  # noqa: S101 - as above
        identity = version.loaded.identity
        parts: list[object] = [version.loaded]
        version.loaded = None
        try:
            async with asyncio.timeout(self._load_timeout_s):
                await in_thread(partial(self._loader.release, parts), "release")
        except Exception:
            logger.exception("memory not returned", extra=version.fields())
        if version.reason is None:
            self._versions.remove(version)
        else:
            version.state = VersionState.FAILED
        for waiting in [each for each in self._versions if each.state is VersionState.WAITING]:
            self._versions.remove(waiting)  # Now it may fit.
        self._observer.gone(identity)
        logger.info("version gone", extra=version.fields())
        self._apply_policy()
