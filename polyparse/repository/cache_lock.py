"""Locks on parts of a cache that several processes share; each ends with the process that holds it, however that one ends.

Who uses a bundle holds it shared; who fetches or evicts it holds it alone. A lock's file may be removed by who holds it
alone: who then locks a file that bears the name no more tries again.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from polyparse.errors import CacheBusy, FetchCancelled

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event
    from types import TracebackType

LOOK_S = 0.05
"""Time between two looks whether another process still holds a lock."""


class Hold:
    """A lock, held until it is released."""

    def __init__(self, descriptor: int, file: Path) -> None:
        self._descriptor: int | None = descriptor
        self._file = file

    def remove_file(self) -> None:
        """Remove the lock's file: nothing is left that it guards. For who holds it alone."""
        self._file.unlink(missing_ok=True)

    def release(self) -> None:
        """Let others have it; a second time does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def hold(file: Path, *, alone: bool) -> Hold | None:
    """The lock, None where others hold it in a way that excludes this."""
    operation = fcntl.LOCK_NB | (fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _bears_name(descriptor, file):
            return Hold(descriptor, file)
        os.close(descriptor)


def wait_for(file: Path, *, timeout_s: float, is_cancelled: Event) -> Hold:
    """The lock, alone; CacheBusy after so many seconds, FetchCancelled when nobody waits for it any more."""
    deadline = time.monotonic() + timeout_s
    while (lock := hold(file, alone=True)) is None:
        if time.monotonic() >= deadline:
            raise CacheBusy(
                f"found it locked for {timeout_s:g} s by another process, expected that one to end; "
                f"`fuser {file}` names it",
                file=file,
            )
        if is_cancelled.wait(LOOK_S):
            raise FetchCancelled("found another wish while it waited, expected the same", file=file)
    return lock


def _bears_name(descriptor: int, file: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), file.stat())
    return False
