"""What each worker counts for its supervisor, in memory that they share: reading it costs neither of them a message.

A row of numbers a worker, each of which one process writes: the worker while it lives, its supervisor between two workers.
"""

import mmap
from pathlib import Path

FILE = "tallies"
COLUMNS = 8
"""A row is one line of the processor's cache, so that no worker's writing slows another's."""
ROW_BYTES = 8 * COLUMNS
RECEIVED, CLOSED, BEATS = range(3)


class Tally:
    """The row of one worker."""

    def __init__(self, numbers: memoryview) -> None:
        self._numbers = numbers

    @property
    def received(self) -> int:
        """Connections that it took out of its mailbox."""
        return int(self._numbers[RECEIVED])

    @property
    def closed(self) -> int:
        """Those of them that are closed."""
        return int(self._numbers[CLOSED])

    @property
    def beats(self) -> int:
        """Signs of life of its event loop."""
        return int(self._numbers[BEATS])

    def count_received(self) -> None:
        """One more."""
        self._numbers[RECEIVED] += 1

    def count_closed(self) -> None:
        """One more."""
        self._numbers[CLOSED] += 1

    def beat(self) -> None:
        """Show that the event loop turns."""
        self._numbers[BEATS] += 1

    def reset(self) -> None:
        """Begin anew: the worker is gone."""
        self._numbers[RECEIVED] = self._numbers[CLOSED] = self._numbers[BEATS] = 0


def make_tallies(folder: Path, workers: int) -> list[Tally]:
    """Make the rows, all zero."""
    folder.joinpath(FILE).write_bytes(bytes(ROW_BYTES * workers))
    return [open_tally(folder, number) for number in range(workers)]


def open_tally(folder: Path, number: int) -> Tally:
    """The row of a worker, as `make_tallies` made it."""
    with folder.joinpath(FILE).open("r+b") as file:
        numbers = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
    return Tally(numbers[COLUMNS * number : COLUMNS * (number + 1)])
