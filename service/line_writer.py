"""Lines written by a thread of their own: whoever has one to write never waits, however slow or broken the other end is.

What waits to be written is bounded in bytes; lines beyond that, and those that cannot be written, are dropped and counted.
"""

import os
import select
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread

MAX_BYTES = 1_000_000

Write = Callable[[bytes], object]
"""Writes a line, or raises OSError or ValueError; it may take as long as it likes."""


class LineWriter:
    """Writes lines in their order, until it is closed."""

    def __init__(self, write: Write, *, max_bytes: int = MAX_BYTES) -> None:
        self._write = write
        self._max_bytes = max_bytes
        self._queue: SimpleQueue[bytes | Event | None] = SimpleQueue()
        # Each number is changed by one side alone, so that none needs a lock; a signal's handler may write a line too.
        self._given_bytes = self._refused = 0
        self._taken_bytes = self._lost = 0
        self._thread = Thread(target=self._run, name="log lines", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._refused + self._lost

    def put(self, line: bytes) -> None:
        """Have a line written, or drop it. It is for one thread at a time."""
        if self._given_bytes - self._taken_bytes + len(line) > self._max_bytes:
            self.refuse()
            return
        self._given_bytes += len(line)
        self._queue.put(line)

    def refuse(self) -> None:
        """Count a line that is not written."""
        self._refused += 1

    def flush(self, timeout_s: float) -> bool:
        """Wait until all lines so far are written or lost, for so long at most; tells whether they are."""
        are_written = Event()
        self._queue.put(are_written)
        return are_written.wait(timeout_s)

    def close(self) -> None:
        """Let the thread end after the lines so far. Does not wait."""
        self._queue.put(None)

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            if isinstance(line, Event):
                line.set()
                continue
            try:
                self._write(line)
            except (OSError, ValueError):  # The other end is gone or full, or the stream was closed.
                self._lost += 1
            finally:
                self._taken_bytes += len(line)


def to_descriptor(descriptor: int) -> Write:
    """Writes to a descriptor itself: the lock of Python's own stream would be held while the other end takes nothing."""

    def write(line: bytes) -> None:
        while line:
            try:
                line = line[os.write(descriptor, line) :]
            except BlockingIOError:  # Whoever shares the descriptor made it so.
                select.select([], [descriptor], [])

    return write
