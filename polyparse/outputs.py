"""Whether a command's output can be written, asked before its work: hours of training end in a file, or are lost."""

from __future__ import annotations

from contextlib import suppress
from itertools import takewhile
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROBE = bytes(4096)
"""What a disk must have room for: a block."""


def check_folder(folder: Path, *, files: Sequence[str] = ()) -> None:
    """Raise ConfigError unless the folder is there, or can be made, and takes files, those of these names among them.

    It is tried, for permissions say little to root or about a full disk; afterwards all is as it was.
    """
    missing: list[Path] = []
    try:
        missing = list(takewhile(lambda path: not path.exists(), (folder, *folder.parents)))
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder, buffering=0) as probe:
            probe.write(PROBE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(
            f"{folder}: found no place to write ({reason}), expected a folder or a new one"
        ) from error
    finally:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
    for file in map(folder.joinpath, files):
        if file.is_dir():
            raise ConfigError(f"{file}: found a folder, expected a file or none, to write to")
