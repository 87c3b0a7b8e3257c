"""Rehearsals and loads of several processes on one machine: one rehearsal at a time, and one for all where they wish for the
same bundle; and one load at a time, where memory is short.

They share a folder. A process has its turn while it holds a lock, which ends with the process. What a rehearsal found is
written down there: the memory that a bundle takes holds for whoever asks, a refusal for those that had asked when it came;
who asks later tries again, since the files may be others by then.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Event

from service.registry.errors import LoadCancelled, RehearsalFailed

REHEARSAL, LOAD = "rehearsal.lock", "load.lock"
LOOK_S = 0.05


class Turns:
    """Used by several processes, and by several threads in each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def measured(self, bundle: str, measure: Callable[[], int], is_cancelled: Event) -> int:
        """The bytes that a bundle takes: found by another process, or by `measure` once it is our turn.

        Raises:
            RehearsalFailed: `measure` refuses it, or that of a process for which this one waited.
            LoadCancelled: `is_cancelled` was set before its turn came.
        """
        asked_s = time.monotonic()
        file = self._folder / f"rehearsed-{hashlib.sha256(bundle.encode()).hexdigest()[:32]}"
        with self._turn(REHEARSAL, is_cancelled):
            if (found := _found(file, asked_s)) is not None:
                return found
            try:
                size = measure()
            except RehearsalFailed as error:
                _write(file, {"refusal": str(error), "at_s": time.monotonic()})
                raise
            _write(file, {"bytes": size})
            return size

    def load(self, is_cancelled: Event) -> AbstractContextManager[None]:
        """Be the only one that loads, for the length of a `with`; LoadCancelled as above."""
        return self._turn(LOAD, is_cancelled)

    @contextmanager
    def _turn(self, lock: str, is_cancelled: Event) -> Iterator[None]:
        """Hold the lock. Who waits is bounded as every load is: `is_cancelled` is set when its time is over."""
        descriptor = os.open(self._folder / lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _is_locked(descriptor):
                if is_cancelled.wait(LOOK_S):
                    raise LoadCancelled("found another wish while it waited for its turn, expected the same")
            yield
        finally:
            os.close(descriptor)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _found(file: Path, asked_s: float) -> int | None:
    """What stands in a file; RehearsalFailed for a refusal that came after we had asked."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    if "bytes" in found:
        return int(found["bytes"])
    if found["at_s"] >= asked_s:
        raise RehearsalFailed(found["refusal"])
    return None


def _write(file: Path, found: dict[str, object]) -> None:
    """Write it down; where the folder is full, the next one finds out by itself."""
    with suppress(OSError):
        file.write_text(json.dumps(found), encoding="utf-8")
