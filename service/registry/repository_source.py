"""What is wished, read from a repository behind a URL; only what is in this machine's cache is told as the wish.

state in the repository -> the fetcher brings what is missing -> it is in the cache -> the next reading tells the new wish
"""

import logging
from collections.abc import Iterator
from threading import Event

from polyparse.bundle.state import FILE, Canary, DesiredState, Pointer, Shadow, StateFile
from polyparse.bundle.store import Located
from polyparse.errors import (
    CacheBusy,
    ChecksumMismatch,
    DigestMismatch,
    FileMissing,
    NotFetched,
    PolyparseError,
    RepositoryError,
    RepositoryUnreachable,
    StateInvalid,
)
from polyparse.repository import known
from polyparse.repository.layout import BundleName
from polyparse.repository.remote_model import RemoteModel
from polyparse.repository.repository import Repository, serving
from service.clock import Clock, system
from service.registry.fetcher import Fetcher
from service.registry.policy import Desired, WishedCanary, WishedShadow
from service.registry.source import revision

START_S = 60.0
"""How long a service that has never served waits for a repository that does not answer."""
PAUSE_S = 0.5
PASSING = (RepositoryUnreachable, CacheBusy, ChecksumMismatch, DigestMismatch, FileMissing)
"""What may pass by itself: an outage, or a bundle that is being copied."""

logger = logging.getLogger(__name__)


class RepositorySource:
    """One model of a repository. `read` is called by one thread at a time, `close` by any."""

    is_bundle = False

    def __init__(self, repository: Repository, name: str | None, *, clock: Clock = system) -> None:
        """Find the model; where nobody answers, among those that the cache knows. Raises BundleNotFound, RepositoryError."""
        self.model = _found(repository, name)
        self._layout = repository.cache.layout
        self._cache = repository.cache
        self._fetcher = Fetcher(
            lambda pointer, cancelled: self.model.obtain(pointer.version, pointer.digest, cancelled)
        )
        self._clock = clock
        self._ended = Event()
        self._told: tuple[Pointer, ...] = ()
        self._has_had_state = False
        self._said: dict[Pointer, str] = {}

    def read(self) -> Desired:
        """The wish as it stands now. The first time it waits until what shall serve is here.

        Raises:
            NotFetched: what shall serve is not in the cache yet; the message says what it waits for.
            StateInvalid, RepositoryError: the state cannot be read.
            BundleNotFound: there is no state, and not exactly one version.
        """
        return self._wished() if self._told else self._first()

    def close(self) -> None:
        """Fetch no more, wait no more."""
        self._ended.set()
        self._fetcher.close()

    def _first(self) -> Desired:
        ends_s = self._clock() + START_S
        while True:
            try:
                return self._wished(waits=True)
            except PolyparseError as error:
                if (recalled := self._recalled()) is not None:
                    logger.error("repository refused, what served last serves: %s", error)  # noqa: TRY400
                    return recalled
                cause = error.__cause__ if isinstance(error, NotFetched) else error
                if not isinstance(cause, PASSING) or self._clock() >= ends_s or self._ended.wait(PAUSE_S):
                    raise
                logger.info("waits for the repository: %s", error)

    def _wished(self, *, waits: bool = False) -> Desired:
        file = self._state_file()
        pointers = list(_pointers(file.state)) if file.state else [serving(self.model)]
        if file.content is not None:  # before anything is fetched: nobody evicts it then
            known.remember(self._layout, self.model.place, file.content, known.LATEST)
        self._fetcher.wish([*pointers, *self._told])
        if waits:
            self._fetcher.wait(pointers[0])
        desired = self._desired(pointers, file.state)
        self._say(pointers[1:])
        if file.content is not None:
            known.remember(self._layout, self.model.place, file.content, known.SERVED)
        return desired

    def _state_file(self) -> StateFile:
        """The state, which must not be gone."""
        file = self.model.state_file()
        if file.state is None and self._has_had_state:
            raise StateInvalid(
                "found nothing, expected the state that was there; restore it, or promote a version",
                file=f"{self.model.place}/{FILE}",
            )
        self._has_had_state = file.state is not None
        return file

    def _desired(self, pointers: list[Pointer], state: DesiredState | None) -> Desired:
        stable = pointers[0]
        located = self._located(stable)
        if located is None:
            problem = self._fetcher.problem(stable)
            cause = "it is being fetched" if problem is None else f"it is tried again: {problem}"
            raise NotFetched(
                f"found that it is not in the cache yet ({cause}), expected it there",
                file=f"{self.model.place}/{stable.version}",
            ) from problem
        self._told = tuple(pointer for pointer in pointers if self._fetcher.folder(pointer) is not None)
        if state is None:
            return Desired(located, revision=revision(located.bundle))
        desired = Desired(
            located,
            self._found(state.previous),
            state.generation,
            canary=self._canary(state.canary),
            shadow=self._shadow(state.shadow),
        )
        revisions = tuple(revision(each.bundle) for each in (located, *desired.candidates))
        return desired._replace(revision=revisions)

    def _canary(self, canary: Canary | None) -> WishedCanary | None:
        located = self._found(canary)
        return None if canary is None or located is None else WishedCanary(located, canary.percent)

    def _shadow(self, shadow: Shadow | None) -> WishedShadow | None:
        located = self._found(shadow)
        return None if shadow is None or located is None else WishedShadow(located, shadow.share)

    def _found(self, pointer: Pointer | None) -> Located | None:
        """A bundle that is wished, where one is and it is in the cache."""
        return None if pointer is None else self._located(_bare(pointer))

    def _located(self, pointer: Pointer) -> Located | None:
        """A bundle in the cache; None while it is not there."""
        folder = self._fetcher.folder(pointer)
        return None if folder is None else Located(folder, pointer.digest)

    def _say(self, pointers: list[Pointer]) -> None:
        """Log why candidates, and the version before, are not here, once for each cause."""
        for pointer in pointers:
            problem = str(self._fetcher.problem(pointer) or "")
            if problem and self._said.get(pointer) != problem:
                logger.warning("bundle awaited: %s", problem, extra={"version": pointer.version})
            self._said[pointer] = problem

    def _recalled(self) -> Desired | None:
        """What served last, if the cache has it still."""
        try:
            content = known.recall(self._layout, self.model.place)
            state = self.model.parsed(content).state
            if state is None:
                return None
            stable = _bare(state.stable)
            held = self._cache.find(BundleName(self.model.name, *_parts(stable)))
        except PolyparseError as error:
            logger.error("what served last is refused: %s", error)  # noqa: TRY400 - it is no surprise
            return None
        if held is None:
            return None
        self._fetcher.adopt(stable, held)
        return self._desired(list(_pointers(state)), state)


def _found(repository: Repository, name: str | None) -> RemoteModel:
    if name is not None:
        return repository.model(name)
    try:
        return repository.find()
    except RepositoryError as error:
        url = repository.place
        places = [each for each in known.urls(repository.cache.layout) if each.rpartition("/")[0] == url]
        if url in known.urls(repository.cache.layout):
            return RemoteModel(repository.store, url.rpartition("/")[2], repository.cache, prefix="")
        if len(places) != 1:
            raise
        logger.error("repository refused, the model that the cache knows serves: %s", error)  # noqa: TRY400
        return repository.model(places[0].rpartition("/")[2])


def _pointers(state: DesiredState) -> Iterator[Pointer]:
    """Every version that a state names, the stable one first."""
    for pointer in (state.stable, state.previous, state.canary, state.shadow):
        if pointer is not None:
            yield _bare(pointer)


def _bare(pointer: Pointer) -> Pointer:
    """Without a percentage or a share: the bundle is the same."""
    return Pointer(*_parts(pointer))


def _parts(pointer: Pointer) -> tuple[str, str]:
    return pointer.version, pointer.digest
