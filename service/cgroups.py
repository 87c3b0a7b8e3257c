"""The control groups that bound this process, as folders of /sys/fs/cgroup: its own and its ancestors', in both versions."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = PurePosixPath("/sys/fs/cgroup")

Reader = Callable[[PurePosixPath], str | None]
"""The content of a file, or None if there is none."""


class Group(NamedTuple):
    """The folder of a control group; `version` is 1 or 2."""

    version: int
    folder: PurePosixPath


def groups(controller: str, read: Reader) -> Iterator[Group]:
    """The groups whose bounds hold for this process, the nearest first. A container sees its own as the root."""
    for line in (read(PurePosixPath("/proc/self/cgroup")) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        own = PurePosixPath(path).relative_to("/")
        for folder in (own, *own.parents):
            if not controllers:
                yield Group(2, ROOT / folder)
            elif controller in controllers.split(","):
                yield Group(1, ROOT / controller / folder)


def read_file(file: PurePosixPath) -> str | None:
    """The content of a file of this machine, or None if it cannot be read."""
    try:
        return Path(file).read_text(encoding="ascii")
    except OSError:
        return None
