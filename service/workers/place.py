"""The place of a worker among the others: what its supervisor tells it on its command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """`mailbox` is the descriptor of the worker's end, `folder` what all share, `supervisor` the process that started it."""

    number: int
    workers: int
    mailbox: int
    folder: Path
    supervisor: int

    def to_arguments(self) -> list[str]:
        """The first arguments of the worker's command line."""
        return [str(each) for each in self]


def read_place(argv: Sequence[str]) -> tuple[Place, Sequence[str]]:
    """The place that a command line begins with, and the rest of it."""
    number, workers, mailbox, folder, supervisor = argv[: len(Place._fields)]
    place = Place(int(number), int(workers), int(mailbox), Path(folder), int(supervisor))
    return place, argv[len(place) :]
