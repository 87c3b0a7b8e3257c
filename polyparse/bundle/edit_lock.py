"""One edit of a model's state at a time: a lock that ends with the process that holds it, however that one ends."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from polyparse.errors import StateLocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FILE = ".state.lock"
"""Stays where it is: were it removed, one process could hold the old file, and another one a new file of this name."""
TIMEOUT_S = 10.0
"""An edit takes milliseconds: bundles are verified before it."""
POLL_S = 0.02


@contextmanager
def locked(model: Path, *, edits: Sequence[str], timeout_s: float = TIMEOUT_S) -> Iterator[None]:
    """Be the only one to edit these files of a model's folder; StateLocked after `timeout_s` seconds of waiting.

    What a process that was killed in an edit left beside the files is removed.
    """
    file = model / FILE
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(descriptor, file, timeout_s)
        for leftover in (path for name in edits for path in model.glob(f".{name}.*")):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, file: Path, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                message = (
                    f"found it locked for {timeout_s:g} s by another edit, expected that one to end within milliseconds; "
                    f"`fuser {file}` names its process"
                )
                raise StateLocked(message, file=file) from error
            time.sleep(POLL_S)
        else:
            return
