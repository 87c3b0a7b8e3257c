"""The bundles of repositories on this machine, shared by its processes: fetched once, verified, bounded in bytes."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

from polyparse.atomic import replace_file, sync_folder
from polyparse.bundle import store as bundles
from polyparse.errors import (
    CacheBusy,
    ChecksumMismatch,
    DigestMismatch,
    FetchCancelled,
    FileMissing,
    FileUnlisted,
    RepositoryError,
)
from polyparse.repository import eviction, known
from polyparse.repository import layout as layouts
from polyparse.repository.cache_lock import LOOK_S, Hold, hold, wait_for
from polyparse.repository.fetch import fetch, of_disk
from polyparse.repository.layout import Layout
from polyparse.repository.place import CACHE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from polyparse.repository.eviction import Removed
    from polyparse.repository.layout import BundleName
    from polyparse.repository.store import ObjectStore

FETCH_WAIT_S = 600.0
"""How long a process waits for another one that fetches the same bundle; after it, it says so, and may try again."""
ROOM_WAIT_S = 30.0
"""How long it waits for another one that counts and reserves bytes: that one needs no network."""
DAMAGE = (ChecksumMismatch, DigestMismatch, FileMissing, FileUnlisted)
"""What is wrong with a bundle that was right when it came; a schema that is too new for us is no damage."""


class Held(NamedTuple):
    """A bundle in the cache: nobody evicts it until it is released."""

    folder: Path
    hold: Hold


class Cache:
    """A folder of bundles. Several threads and processes may use it at once."""

    def __init__(self, folder: Path | None = None, *, limit_bytes: int = CACHE_BYTES) -> None:
        """The user's own one by default; nothing is written yet."""
        self.layout = Layout(folder or layouts.default_folder())
        self._limit_bytes = limit_bytes

    def obtain(
        self, bundle: BundleName, store: ObjectStore, prefix: str, is_cancelled: Event | None = None
    ) -> Held:
        """The bundle, fetched from below `prefix` of the store unless it is there; every byte of it is verified.

        Raises:
            BundleError: it is refused, the repository fails, or the disk does; CacheBusy where another process fetches it
                for very long; FetchCancelled when `is_cancelled` is set.
        """
        bundle.check()
        self.layout.make()
        cancelled = is_cancelled or Event()
        deadline = time.monotonic() + FETCH_WAIT_S
        while (held := self.find(bundle)) is None:
            lock = hold(self.layout.lock(bundle.digest), alone=True)
            if lock is None:
                self._wait(bundle, deadline, cancelled)
                continue
            with lock:
                if not self.layout.bundle(bundle).is_dir():
                    self._fetch(bundle, store, prefix, cancelled)
        return held

    def find(self, bundle: BundleName) -> Held | None:
        """The bundle, if it is there; one that was damaged meanwhile is removed. Raises BundleError as `verify` does."""
        bundle.check()
        folder = self.layout.bundle(bundle)
        lock = hold(self.layout.lock(bundle.digest), alone=False) if folder.is_dir() else None
        if lock is None:
            return None
        try:
            bundles.check_names(bundles.verify(folder, digest=bundle.digest), folder)
        except DAMAGE:
            lock.release()
            self._discard(bundle)
            return None
        except BaseException:
            lock.release()
            raise
        with suppress(OSError):
            os.utime(self.layout.entry(bundle.digest))
        return Held(folder, lock)

    def signature(self, digest: str, read: Callable[[], bytes | None]) -> bytes | None:
        """The signature of a bundle, by `read`; where that fails, the one that it gave before."""
        file = self.layout.signature(digest)
        try:
            content = read()
        except RepositoryError:
            if file.is_file():
                return file.read_bytes()
            raise
        if content is not None and self.layout.entry(digest).is_dir():
            with suppress(OSError):
                replace_file(file, content)
        return content

    def collect(self, *, is_dry_run: bool) -> Iterator[Removed]:
        """Remove what is neither wanted nor held; or only say what would go."""
        if self.layout.folder.is_dir():
            self.layout.make()
            if not is_dry_run:
                known.forget(self.layout)
            yield from eviction.collect(self.layout, wanted=known.wanted(self.layout), is_dry_run=is_dry_run)

    def _wait(self, bundle: BundleName, deadline: float, is_cancelled: Event) -> None:
        """Let another process fetch it, for a moment."""
        file = self.layout.lock(bundle.digest)
        if time.monotonic() >= deadline:
            raise CacheBusy(
                f"found another process that fetches {bundle} for {FETCH_WAIT_S:g} s, expected an end; "
                f"`fuser {file}` names it",
                file=file,
            )
        if is_cancelled.wait(LOOK_S):
            raise FetchCancelled(
                f"found another wish while {bundle} was fetched, expected the same", file=file
            )

    def _fetch(self, bundle: BundleName, store: ObjectStore, prefix: str, is_cancelled: Event) -> None:
        partial = self.layout.partial(bundle.digest)
        layouts.remove(partial)  # of a process that was killed

        def reserve(needed: int, take: Callable[[], None]) -> None:
            with wait_for(self.layout.room, timeout_s=ROOM_WAIT_S, is_cancelled=is_cancelled):
                known.forget(self.layout)
                wanted = known.wanted(self.layout)
                eviction.make_room(self.layout, needed, limit=self._limit_bytes, wanted=wanted)
                take()

        try:
            fetch(bundle, store, prefix, partial, reserve, is_cancelled)
            partial.rename(self.layout.entry(bundle.digest))
            sync_folder(self.layout.folder)
        except OSError as error:
            layouts.remove(partial)
            raise of_disk(error, partial) from error
        except BaseException:
            layouts.remove(partial)
            raise

    def _discard(self, bundle: BundleName) -> None:
        """Remove a damaged bundle; one that others hold stays, and is said to be in use."""
        lock = hold(self.layout.lock(bundle.digest), alone=True)
        if lock is None:
            raise CacheBusy(
                "found a damaged bundle that other processes hold, expected a sound one; restart them one by one",
                file=self.layout.bundle(bundle),
            )
        with lock:
            if self.layout.entry(bundle.digest).exists():
                eviction.discard(self.layout, bundle.digest)
