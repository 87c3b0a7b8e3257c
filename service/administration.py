"""The use case of administrators: see which versions serve, in this process and in others, and change it. It knows no HTTP.

All use is in the event loop's thread. Files are read and written in threads, a few at a time; edits one at a time.
"""

import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import Any, NamedTuple, Protocol

from polyparse.bundle.model import Model
from polyparse.bundle.release import Wanted
from polyparse.bundle.state import DesiredState
from polyparse.bundle.status import STATES, ProcessStatus, VersionStatus
from polyparse.errors import StateInvalid
from service.aside import Aside
from service.registry.status_file import status_of
from service.registry.version import Version
from service.state_edits import Asker, Check, StateEdits

READ_S = 10.0
READS_AT_ONCE = 4
WAITING = 64

Others = Callable[[], Sequence[ProcessStatus]]
"""What other processes say of themselves; it may read files."""
EditOf = Callable[[Asker, Event], DesiredState]


class DisagreementSource(Protocol):
    """What a shadow answered otherwise than the version that serves."""

    def recent(self) -> Sequence[Any]:
        """Dataclasses, a bounded number of them; called in the event loop's thread."""


class HeldVersion(NamedTuple):
    """A version in this process, and how many requests hold it."""

    status: VersionStatus
    leases: int


class Fleet(NamedTuple):
    """What is wished, and what is: in this process, and in others.

    `state` is None where there is none, or where it cannot be read, which `state_error` tells. `generation` is that of the
    state which this process follows.
    """

    model: str
    state: DesiredState | None
    state_error: StateInvalid | None
    host: str
    pid: int
    generation: int | None
    versions: Sequence[HeldVersion]
    others: Sequence[ProcessStatus]


class RepositoryVersion(NamedTuple):
    """A version of the model's folder; `held` is what this process does with it, None where it does nothing."""

    version: str
    held: VersionStatus | None


class Administration:
    """Shows and edits the versions of one model."""

    def __init__(
        self, model: Model | None, *, check: Check, others: Others = tuple, edit_timeout_s: float
    ) -> None:
        """`model` is the one whose state is followed, None where one bundle is served."""
        self._model = model
        self._edits = StateEdits(model, check)
        self._others = others
        self._disagreements: DisagreementSource | None = None
        self._reading = Aside("what is served", at_once=READS_AT_ONCE, waiting=WAITING, timeout_s=READ_S)
        self._editing = Aside("an edit", at_once=1, waiting=WAITING, timeout_s=edit_timeout_s)
        self._host, self._pid = socket.gethostname(), os.getpid()
        self._versions: tuple[Version, ...] = ()
        self._generation: int | None = None
        self._under_way: set[Event] = set()

    def changed(self, versions: Sequence[Version], generation: int | None) -> None:
        """Hear of the versions in this process; see `service.registry.manager.Listener`."""
        self._versions, self._generation = tuple(versions), generation

    def show(self, disagreements: DisagreementSource) -> None:
        """Show these from now on."""
        self._disagreements = disagreements

    def close(self) -> None:
        """Make no edit any more, and give up those under way."""
        for event in self._under_way:
            event.set()

    @property
    def follows_state(self) -> bool:
        """Whether there is a state to follow: not where one bundle is served."""
        return self._model is not None

    @property
    def name(self) -> str:
        """The model's name."""
        if self._model is not None:
            return self._model.name
        return next((each.loaded.identity.name for each in self._versions if each.loaded), "")

    @property
    def held(self) -> list[HeldVersion]:
        """The versions in this process."""
        return [HeldVersion(status_of(version), version.leases) for version in self._versions]

    async def fleet(self) -> Fleet:
        """What is wished and what is."""
        state, error, others = await self._reading.run(self._read)
        mine = (self._host, self._pid)
        return Fleet(
            model=self.name,
            state=state,
            state_error=error,
            host=self._host,
            pid=self._pid,
            generation=self._generation,
            versions=self.held,
            others=[each for each in others if (each.host, each.pid) != mine],
        )

    async def listed(self) -> list[RepositoryVersion]:
        """The versions of the model's folder and those in this process, by name."""
        held = {each.status.version: each.status for each in sorted(self.held, key=_rank, reverse=True)}
        model = self._model
        there = [] if model is None else await self._reading.run(model.versions)
        return [RepositoryVersion(version, held.get(version)) for version in sorted({*there, *held})]

    def disagreements(self) -> Sequence[Any]:
        """The last ones; none where no shadow is compared."""
        return () if self._disagreements is None else self._disagreements.recent()

    async def put(self, wanted: Wanted, asker: Asker) -> DesiredState:
        """Let the state be as wanted, on the generation that the asker decided on; raises what refuses it."""
        return await self._edit(partial(self._edits.put, wanted), asker)

    async def rollback(self, asker: Asker) -> DesiredState:
        """Let the version serve again that did before."""
        return await self._edit(self._edits.rollback, asker)

    async def load(self, version: str | None, asker: Asker) -> DesiredState:
        """Let a version serve all requests; None stands for the one that is wished already."""
        return await self._edit(partial(self._edits.promote, version), asker)

    async def unload(self, version: str | None, asker: Asker) -> DesiredState:
        """Try a candidate no more; VersionServes where it is the version that serves, which None stands for."""
        return await self._edit(partial(self._edits.stop, version), asker)

    async def _edit(self, edit: EditOf, asker: Asker) -> DesiredState:
        """Make an edit, or give it up once nobody waits for it any more."""
        is_cancelled = Event()
        self._under_way.add(is_cancelled)
        try:
            return await self._editing.run(partial(edit, asker, is_cancelled))
        finally:
            is_cancelled.set()
            self._under_way.discard(is_cancelled)

    def _read(self) -> tuple[DesiredState | None, StateInvalid | None, Sequence[ProcessStatus]]:
        """The state, or why it cannot be read, and what other processes say. It reads files."""
        others = self._others()
        if self._model is None:
            return None, None, others
        try:
            return self._model.state_file().state, None, others
        except StateInvalid as error:
            return None, error, others


def _rank(held: HeldVersion) -> int:
    """What tells most of several that bear one number comes first."""
    return STATES.index(held.status.state)
