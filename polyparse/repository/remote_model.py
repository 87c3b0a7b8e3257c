"""A model in a repository: its state and history are edited by conditional puts, its bundles are fetched into a cache."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from polyparse.bundle import history, silence
from polyparse.bundle import manifest as manifests
from polyparse.bundle import state as states
from polyparse.bundle import status as statuses
from polyparse.bundle.model import changed, check_unchanged, in_words, signature_of
from polyparse.bundle.state import StateFile
from polyparse.errors import FileMissing, RepositoryError, StateLocked
from polyparse.repository.layout import BundleName
from polyparse.repository.probe import check_conditional_puts
from polyparse.repository.store import Lost, put_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

    from polyparse.bundle.history import Archive
    from polyparse.bundle.state import DesiredState
    from polyparse.bundle.status import ProcessStatus
    from polyparse.repository.cache import Cache, Held
    from polyparse.repository.store import ObjectStore

HISTORY_ATTEMPTS = 100
"""Of one put into the history. Whoever loses one finds, as a rule, that the winner wrote the same entry."""


class RemoteModel:
    """A model; `prefix`, which is empty or ends in "/", is where its objects are."""

    def __init__(self, store: ObjectStore, name: str, cache: Cache, *, prefix: str | None = None) -> None:
        self.name = name
        self._store = store
        self._cache = cache
        self._prefix = f"{name}/" if prefix is None else prefix
        self._held: list[Held] = []
        self._is_probed = False

    @property
    def place(self) -> str:
        """Its URL."""
        return f"{self._store.url}/{self._prefix}".rstrip("/")

    def state_file(self) -> StateFile:
        """See `polyparse.bundle.model.Model`."""
        return self.parsed(self._store.read(f"{self._prefix}{states.FILE}"))

    def parsed(self, content: bytes | None) -> StateFile:
        """The state that these bytes say; raises StateInvalid."""
        file = f"{self.place}/{states.FILE}"
        return StateFile(content, None if content is None else states.parse(content, file=file))

    def replace_state(
        self, decided_on: StateFile, state_after: Callable[[int], DesiredState]
    ) -> DesiredState:
        """See `polyparse.bundle.model.Model`; EditsUnsafe where the store would let two edits overwrite each other."""
        self.check_editable()
        key = f"{self._prefix}{states.FILE}"
        tag = self._store.tag(key)  # before the bytes: a put between the two is then seen
        check_unchanged(self, decided_on)
        state = state_after(self._keep(decided_on.state))
        try:
            put_after(self._store, key, states.encoded(state), tag)
        except Lost as error:
            expected = f"{in_words(decided_on)}, on which this edit was decided"
            raise changed(self, self.state_file(), expected) from error
        return state

    def check_editable(self) -> None:
        """Try once whether edits are safe here; raises EditsUnsafe, AccessDenied or RepositoryUnreachable."""
        if not self._is_probed:
            check_conditional_puts(self._store, self._prefix)
            self._is_probed = True

    def history(self) -> Archive:
        """See `polyparse.bundle.model.Model`."""
        state = self.state_file().state  # first: an edit between the two leaves it in the archive
        return history.with_current(
            history.parse(self._store.read(f"{self._prefix}{history.FILE}") or b""), state
        )

    def versions(self) -> list[str]:
        """See `polyparse.bundle.model.Model`."""
        return versions_in(self._store.keys(self._prefix), self._prefix)

    def manifest(self, version: str) -> bytes:
        """See `polyparse.bundle.model.Model`."""
        content = self._store.read(f"{self._prefix}{version}/{manifests.FILE}")
        if content is None:
            place = f"{self.place}/{version}/{manifests.FILE}"
            raise FileMissing("found no manifest, expected a bundle's folder to hold one", file=place)
        return content

    def bundle(self, version: str, digest: str | None = None) -> Path:
        """See `polyparse.bundle.model.Model`; it stays in the cache as long as this process lives."""
        digest = digest or hashlib.sha256(self.manifest(version)).hexdigest()
        held = self.obtain(version, digest)
        self._held.append(held)
        return held.folder

    def obtain(self, version: str, digest: str, is_cancelled: Event | None = None) -> Held:
        """A bundle in the cache, fetched unless it is there; raises as `Cache.obtain` does."""
        bundle = BundleName(self.name, version, digest)
        return self._cache.obtain(bundle, self._store, f"{self._prefix}{version}/", is_cancelled)

    def signature(self, digest: str) -> bytes | None:
        """See `polyparse.bundle.model.Model`; one that was seen is kept in the cache, and holds when nobody can be asked."""
        return self._cache.signature(
            digest, lambda: self._store.read(f"{self._prefix}{signature_of(digest)}")
        )

    def put_signature(self, digest: str, content: bytes) -> None:
        """See `polyparse.bundle.model.Model`."""
        self._store.put(f"{self._prefix}{signature_of(digest)}", content)

    def statuses(self) -> list[ProcessStatus]:
        """See `polyparse.bundle.model.Model`."""
        found = []
        times_s = self._store.written_s(f"{self._prefix}{statuses.FOLDER}/")
        lately, forgotten = silence.heard(times_s, time.time())
        for key in forgotten:
            with suppress(RepositoryError):
                self._store.remove(key)
        for key in lately:
            content = self._store.read(key)
            status = None if content is None else statuses.parse(content, name=key.rpartition("/")[2])
            if status is not None and statuses.is_gone(status):
                with suppress(RepositoryError):
                    self._store.remove(key)
            elif status is not None:
                found.append(status)
        return statuses.in_order(found)

    def write_status(self, status: ProcessStatus) -> None:
        """See `polyparse.bundle.model.Model`."""
        self._store.put(self._status_key(status.host, status.pid), statuses.encoded(status))

    def remove_status(self, host: str, pid: int) -> None:
        """See `polyparse.bundle.model.Model`."""
        self._store.remove(self._status_key(host, pid))

    def _status_key(self, host: str, pid: int) -> str:
        return f"{self._prefix}{statuses.FOLDER}/{statuses.name_of(host, pid)}"

    def _keep(self, state: DesiredState | None) -> int:
        """Put a state that is about to be replaced into the history; returns the highest generation that has been."""
        key = f"{self._prefix}{history.FILE}"
        for _ in range(HISTORY_ATTEMPTS):
            tag = self._store.tag(key)
            content, generation = history.kept(self._store.read(key) or b"", state)
            if content is None:
                return generation
            with suppress(Lost):
                put_after(self._store, key, content, tag)
                return generation
        raise StateLocked(
            f"found another edit of it before each of {HISTORY_ATTEMPTS} puts, expected to come between",
            file=f"{self.place}/{history.FILE}",
        )


def versions_in(keys: list[str], prefix: str) -> list[str]:
    """The names of versions among the keys below a model's prefix."""
    parts = (key.removeprefix(prefix).split("/") for key in keys)
    names = {part[0] for part in parts if len(part) == 2 and part[1] == manifests.FILE}
    return sorted(name for name in names if manifests.is_folder_name(name))
