"""Reads a file that people and other programs write too: whatever else bears its name is told, and makes nobody wait."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from polyparse.errors import StateInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

KINDS: Mapping[str, Callable[[int], bool]] = {
    "a folder": stat.S_ISDIR,
    "a pipe": stat.S_ISFIFO,
    "a socket": stat.S_ISSOCK,
}


def read(file: Path) -> bytes | None:
    """All bytes of a file, or None where nothing bears its name; StateInvalid for what is no file, or cannot be read."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISREG(mode):
            # A pipe that took the file's place a moment ago would wait for its writer.
            with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
                return stream.read()
    except (FileNotFoundError, NotADirectoryError):
        if file.is_symlink():
            raise StateInvalid("found a link to what is not there, expected a file", file=file) from None
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise StateInvalid(f"found no way to read it ({reason}), expected a file", file=file) from error
    kind = next((kind for kind, is_kind in KINDS.items() if is_kind(mode)), "a device")
    raise StateInvalid(f"found {kind}, expected a file", file=file)
