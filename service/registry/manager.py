"""The versions of the model in this process: acts on what the policy decides, until what is wished serves.

All use is in the event loop's thread. Loads and the return of memory run in threads of their own, which are daemons: one
that hangs keeps nothing from ending.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any, Protocol, TypeVar

from polyparse.bundle.status import CURE
from polyparse.errors import PolyparseError
from service.batching.protocols import BatchedModel
from service.registry import policy
from service.registry.assignment import assign
from service.registry.errors import LoadCancelled, LoadFailed, LoadTimeout, MemoryShort
from service.registry.loaded import Loaded, Loader, ModelVersion
from service.registry.policy import Cancel, Close, Desired, Forget, Load, Refuse, Retire, Switch, VersionState
from service.registry.version import Lease, LoadedVersion, Version, VersionObserver

ResultT = TypeVar("ResultT")

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
    """Loads, switches and closes versions; hands out leases on them."""

    def __init__(
        self,
        *,
        loader: Loader,
        observer: RegistryObserver,
        listeners: Sequence[Listener] = (),
        keep_previous: bool,
        load_timeout_s: float,
    ) -> None:
        self._loader = loader
        self._observer = observer
        self._listeners = listeners
        self._keep_previous = keep_previous
        self._load_timeout_s = load_timeout_s
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
            for version in [each for each in self._versions if each.state is VersionState.FAILED]:
                self._versions.remove(version)  # It is tried again where it is still wished.
        self._desired, self._is_memory_short = desired, is_memory_short
        self._apply_policy()

    def lease(self, pinned: str | None = None) -> Lease:
        """Hold the version that serves now, or the one that is asked for; NotReady or VersionNotLoaded."""
        version = assign(pinned, self._serving, self._versions)
        assert version.loaded is not None  # noqa: S101 - what takes requests is loaded.
        return Lease(version, version.loaded, self._released)

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

    def _released(self, version: Version) -> None:
        if version.state is VersionState.RETIRED:
            self._apply_policy()

    def _apply_policy(self) -> None:
        desired = self._desired
        if desired is None:
            return
        keeps = self._keep_previous and not self._is_memory_short
        while action := policy.decide(
            desired, [version.snapshot() for version in self._versions], keeps_previous=keeps
        ):
            self._act(action)
        for listener in self._listeners:
            listener(self._versions, desired.generation)

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
            case Retire():
                version.state = VersionState.RETIRED
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
        logger.info("version loads", extra=_fields(version))
        try:
            loaded = await self._load_in_time(version)
        except PolyparseError as error:
            version.reason = _bare(error)
        else:
            self._observer.loaded("ok", loop.time() - started_s)
            version.loaded = self._with_model(loaded)
            seconds = round(loop.time() - started_s, 3)
            logger.info("version ready", extra=_fields(version) | {"seconds": seconds})
        self._load_ended(version, is_same_wish=desired == self._desired)
        self._apply_policy()

    async def _load_in_time(self, version: Version) -> Loaded:
        """The loaded version; every way in which that can fail is a PolyparseError."""
        load = partial(
            self._loader.load,
            version.bundle,
            is_first=self._serving is None,
            is_cancelled=version.is_cancelled,
        )
        limit = asyncio.timeout(self._load_timeout_s)
        try:
            async with limit:
                return await _in_thread(load, "load")
        except PolyparseError:
            raise
        except Exception as error:
            if limit.expired():
                version.is_cancelled.set()
                raise LoadTimeout(self._load_timeout_s) from None
            logger.exception("load failed", extra=_fields(version))
            raise LoadFailed(error) from None

    def _with_model(self, loaded: Loaded) -> LoadedVersion:
        observer = self._observer.of_version(loaded.identity)
        model = BatchedModel(loaded.parser.run, observer)
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
        logger.error("version refused", extra=_fields(version) | fields)

    def _switch_to(self, version: Version) -> None:
        assert version.loaded is not None  # noqa: S101 - the policy switches to nothing else.
        if self._serving is not None:
            self._serving.state = VersionState.READY
        version.state = VersionState.SERVING
        self._serving = version
        self._observer.serves(version.loaded.identity)
        logger.info("version serves", extra=_fields(version))

    async def _close(self, version: Version) -> None:
        """Return the memory in a thread: dropping its tables there stalls no request."""
        assert version.loaded is not None  # noqa: S101 - as above
        identity = version.loaded.identity
        parts: list[object] = [version.loaded]
        version.loaded = None
        try:
            async with asyncio.timeout(self._load_timeout_s):
                await _in_thread(partial(self._loader.release, parts), "release")
        except Exception:
            logger.exception("memory not returned", extra=_fields(version))
        self._versions.remove(version)
        for waiting in [each for each in self._versions if each.state is VersionState.WAITING]:
            self._versions.remove(waiting)  # Now it may fit.
        self._observer.gone(identity)
        logger.info("version gone", extra=_fields(version))
        self._apply_policy()


def _bare(error: PolyparseError) -> PolyparseError:
    """The error without tracebacks, its own and its cause's, whose frames would keep a half-loaded version in memory."""
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            cause.__traceback__ = None
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def _fields(version: Version) -> dict[str, object]:
    """The fields that identify a version in the log."""
    return {"version": version.number, "digest": version.digest}


async def _in_thread(work: Callable[[], ResultT], name: str) -> ResultT:
    """The result of some work in a daemon thread; one that comes after its caller has gone is dropped."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[ResultT] = loop.create_future()

    def settle(value: ResultT | None, error: BaseException | None) -> None:
        if not result.done():
            result.set_exception(error) if error else result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value: ResultT | None = None
        error: BaseException | None = None
        try:
            value = work()
        except BaseException as raised:  # The one who waits for the thread gets it, whatever it is.
            is_plain = isinstance(raised, Exception) and not isinstance(raised, StopIteration)
            error = raised if is_plain else LoadFailed(raised)
        with suppress(RuntimeError):  # The loop is closed: nobody waits.
            loop.call_soon_threadsafe(settle, value, error)
        del value, error  # Its traceback holds this frame, which would hold it.

    Thread(target=run, name=name, daemon=True).start()
    return await result
