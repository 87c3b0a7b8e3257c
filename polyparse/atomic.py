"""Atomic file writes: at any moment, and after a crash, a file holds either its old bytes or its new ones."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def replace_file(file: Path, content: bytes) -> None:
    """Replace the file's content in one step, and flush it to disk."""
    with replacing(file) as stream:
        stream.write(content)


@contextmanager
def replacing(file: Path) -> Iterator[IO[bytes]]:
    """A stream whose bytes replace the file's when the context ends well; they are flushed to disk before.

    An OSError names the file: that of a write to a full disk would not.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
            temporary = Path(stream.name)
            try:
                yield stream.file
                stream.flush()
                os.fsync(stream.fileno())
                temporary.chmod(0o644)
                temporary.replace(file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        sync_folder(file.parent)
    except OSError as error:
        error.filename = str(file)
        raise


def sync_folder(folder: Path) -> None:
    """Flush the folder's entries to disk, so that a rename inside it survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
