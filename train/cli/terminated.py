"""Ends a command on SIGTERM as on Ctrl-C, but with a status of its own."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses after Ctrl-C and after SIGTERM."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a machine sends it that goes down, or that wants its place for another task."""


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """SIGTERM raises `Terminated` inside, as Ctrl-C raises KeyboardInterrupt."""

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def status_of(error: KeyboardInterrupt) -> int:
    """The exit status of a command that was interrupted."""
    return TERMINATED if isinstance(error, Terminated) else INTERRUPTED
