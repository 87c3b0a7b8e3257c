"""The folder that the processes of one service share while they run: in memory where the system has such a place."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polyparse.errors import ConfigError

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a name of its own is made in it, for this user alone
LONGEST = 80
"""Bytes of its path: the name of a socket in it has 107 at most (unix(7))."""


@contextmanager
def run_folder() -> Iterator[Path]:
    """A new folder for the length of a `with`; ConfigError where there can be none."""
    parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK | os.X_OK) else None
    try:
        made = tempfile.TemporaryDirectory(prefix="polyparse-", dir=parent, ignore_cleanup_errors=True)
    except OSError as error:
        raise ConfigError(
            f"TMPDIR: found no folder to write in ({error}), expected one that workers can share"
        ) from error
    with made as name:
        if len(os.fsencode(name)) > LONGEST:
            raise ConfigError(f"TMPDIR: found {name!r}, expected a path of at most {LONGEST} bytes")
        yield Path(name)
