"""The processes of a service of several workers: which they are, what each has answered, what they cost."""

import os
import time
from pathlib import Path

from service.workers.board import COUNTERS, Board
from service.workers.exposition import labels_of
from service.workers.ledger import read_counted
from service.workers.place import Place, read_place

MODULE = "service.worker"
CPUCLOCK_SCHED = 2
"""With a pid, the number of the clock of its CPU time: as clock_getcpuclockid(3) makes it."""


def places(supervisor: int) -> dict[int, Place]:
    """The workers of a supervisor that live, by their pids; none where one process serves."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text(encoding="ascii").split()
    commands = {int(pid): _arguments(int(pid)) for pid in children}
    workers = {pid: command for pid, command in commands.items() if MODULE in command}
    return {pid: read_place(command[command.index(MODULE) + 1 :])[0] for pid, command in workers.items()}


def requests_of(folder: Path) -> dict[int, int]:
    """How many requests to /parse each worker has answered since it began, as it published last."""
    news = Board(folder, 0).read(COUNTERS)
    families = {
        number: read_counted(content).running.get("polyparse_requests", {})
        for number, content in news.items()
    }
    return {
        number: int(
            sum(count for series, count in family.items() if labels_of(series).get("endpoint") == "parse")
        )
        for number, family in families.items()
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads together, to the nanosecond: a pass may take few ticks."""
    return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)


def _arguments(pid: int) -> list[str]:
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except OSError:  # It has just ended.
        return []
