"""Processes of workers: started, sent signals, and heard of when they end, with whatever else has no parent but this one."""

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from service.workers.board import Board
from service.workers.mailbox import Mailbox
from service.workers.place import Place

WORKER = (sys.executable, "-P", "-m", "service.worker")
"""The module is looked for where this process does, and not in whatever folder is the current one."""


class Starter:
    """Starts the workers of a service, each of which reads these flags and shares this folder."""

    def __init__(self, folder: Path, workers: int, flags: Sequence[str]) -> None:
        self._folder = folder
        self._workers = workers
        self._flags = flags

    def start(self, number: int, mailbox: Mailbox) -> int:
        """Start a worker; its pid. Of the supervisor's files it has its end of the mailbox alone.

        It has a process group of its own: Ctrl-C is the supervisor's, which tells each worker once.
        """
        end = mailbox.worker_end.fileno()
        place = Place(number, self._workers, end, self._folder, os.getpid())
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        os.set_inheritable(end, True)  # noqa: FBT003 - its own form
        try:
            command = [*WORKER, *place.to_arguments(), *self._flags]
            return os.posix_spawn(command[0], command, environ, setpgroup=0)
        finally:
            os.set_inheritable(end, False)  # noqa: FBT003

    def board(self, number: int) -> Board:
        """The board as a worker uses it."""
        return Board(self._folder, number)


def ended() -> Iterator[tuple[int, int]]:
    """(pid, exit status) of each child that has ended; of one that a signal ended, the signal as a negative number."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def send(pids: Iterable[int | None], sig: signal.Signals) -> None:
    """Send a signal to processes; None stands for one that has ended."""
    for pid in pids:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, sig)


def in_words(status: int) -> str:
    """How a process ended."""
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
