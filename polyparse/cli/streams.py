"""Standard output and error, however the caller left them: writable by any text, or failing in words."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import ReadableBuffer


class Standard(NamedTuple):
    """A standard stream: its descriptor, and what messages call it."""

    descriptor: int
    title: str


NAMES: Mapping[str, Standard] = {
    "stdout": Standard(1, "standard output"),
    "stderr": Standard(2, "standard error"),
}
"""By their names in `sys`."""


def open_streams() -> None:
    """Let `sys.stdout` and `sys.stderr` escape what their encoding lacks, and name themselves where they cannot be written.

    One that is closed would be None, and the next file opened would get its place: what is open to be read only holds the
    place, and cannot be written to, as a closed one should not.
    """
    for attribute, (descriptor, title) in NAMES.items():
        stream = getattr(sys, attribute)
        if stream is None:
            _hold(descriptor)
            setattr(sys, attribute, _text(descriptor, title, "utf-8", line_buffering=True))
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
            if (
                type(getattr(stream.buffer, "raw", stream.buffer)) is FileIO
            ):  # with PYTHONUNBUFFERED it is the buffer
                stream.flush()
                by_line = stream.line_buffering or stream.write_through
                named = _text(stream.fileno(), title, stream.encoding, line_buffering=by_line)
                setattr(sys, attribute, named)


def discard(stream: TextIO) -> None:
    """Send what a stream still holds nowhere, lest Python try again to write it, and complain, at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError):  # one of a test may have no descriptor
        os.dup2(nowhere, stream.fileno())
        stream.flush()
    os.close(nowhere)


class _NamedFile(FileIO):
    """A descriptor whose errors say what it is."""

    def __init__(self, descriptor: int, title: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._title = title

    def write(self, content: ReadableBuffer, /) -> int:
        """Write; an OSError bears the title."""
        try:
            return super().write(content)
        except OSError as error:
            error.filename = self._title
            raise


def _text(descriptor: int, title: str, encoding: str, *, line_buffering: bool) -> TextIOWrapper:
    buffer = BufferedWriter(_NamedFile(descriptor, title))
    return TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=line_buffering)


def _hold(descriptor: int) -> None:
    """Open the descriptor, to be read only."""
    opened = os.open(os.devnull, os.O_RDONLY)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)
