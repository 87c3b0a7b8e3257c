"""Rehearsals: a process of its own (rehearsed.py) tries a version first, so that one that hangs or crashes harms nobody."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from threading import Event

from polyparse.bundle.store import Located
from service.registry.errors import LoadCancelled, RehearsalFailed
from service.registry.turns import Turns

LOOK_S = 0.05
KILLED = "; where memory is short, the kernel ends it before others"
GRACE_S = 5
"""How much longer than its own limit the process may take to end."""


class Rehearsals:
    """Starts such processes. Several threads may use it at once."""

    def __init__(
        self, *, device: str, batch_tokens: int, timeout_s: float, turns: Turns | None = None
    ) -> None:
        """`turns` are taken with other processes of this service."""
        alarm_s = max(1, round(timeout_s))
        self._arguments = (device, str(batch_tokens), str(alarm_s), str(os.getpid()))
        self._timeout_s = timeout_s
        self._turns = turns
        self._kind = f"{device} {batch_tokens}"

    def rehearse(self, bundle: Located, is_cancelled: Event) -> int:
        """Load a bundle in a process of its own; the bytes of memory that it takes.

        Raises:
            RehearsalFailed: it was refused, crashed, or did not end in time.
            LoadCancelled: `is_cancelled` was set before it ended.
        """
        measure = partial(self._measure, bundle, is_cancelled)
        if self._turns is None or bundle.digest is None:
            return measure()
        return self._turns.measured(f"{bundle.digest} {self._kind}", measure, is_cancelled)

    def _measure(self, bundle: Located, is_cancelled: Event) -> int:
        with self._start(bundle) as process:
            try:
                _wait(process, self._timeout_s + GRACE_S, is_cancelled)
            finally:
                process.kill()
            assert process.stdout is not None  # noqa: S101 - it is a pipe.
            output = process.stdout.read()
        if is_cancelled.is_set():
            raise LoadCancelled("found another wish while it was loaded, expected the same")
        return _bytes_of(output, process.returncode)

    def _start(self, bundle: Located) -> "subprocess.Popen[bytes]":
        """The process. It looks for modules where this one does, and not in whatever folder is the current one."""
        module = [sys.executable, "-P", "-m", "service.registry.rehearsed"]
        return subprocess.Popen(  # noqa: S603 - our own module
            [*module, str(bundle.bundle), bundle.digest or "-", *self._arguments],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )


def _wait(process: subprocess.Popen[bytes], timeout_s: float, is_cancelled: Event) -> None:
    """Wait until it has ended, for so long at most, or until it is not wanted any more. It writes too little to block."""
    ends_s = time.monotonic() + timeout_s
    while process.poll() is None and time.monotonic() < ends_s and not is_cancelled.wait(LOOK_S):
        pass


def _bytes_of(output: bytes, status: int) -> int:
    """What the process printed at its end; RehearsalFailed where it was refused, or printed nothing."""
    with suppress(ValueError, IndexError, KeyError):
        result = json.loads(output.splitlines()[-1])
        if "code" in result:
            raise RehearsalFailed(f"{result['message']} ({result['code']})")
        return int(result["bytes"])
    if status == -signal.SIGALRM:
        raise RehearsalFailed(
            "found no end of its load in time, expected one: it hangs, or the time is too short"
        )
    ended = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    cause = KILLED if status == -signal.SIGKILL else "; its last words are in the log"
    raise RehearsalFailed(f"found {ended} from the process that tried it, expected an answer{cause}")
