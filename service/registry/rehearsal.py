"""The rehearsal of a version: a process of its own loads and tries it first, so that one that hangs or crashes harms nobody.

    python -m service.registry.rehearsal BUNDLE DIGEST|- DEVICE BATCH_TOKENS TIMEOUT_S PARENT

It has the low priority of the thread that starts it, is the first that the kernel ends where memory is short, and ends by
itself after TIMEOUT_S, and with the process PARENT, however that one ends. Its last line is JSON: {"bytes"}, the memory that
the version takes, or {"code", "message"} of the error that refuses it.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event

from polyparse.bundle.store import Located
from polyparse.errors import PolyparseError
from service.memory import peak_resident_bytes, resident_bytes
from service.registry.errors import LoadCancelled, LoadFailed, RehearsalFailed
from service.registry.load_warm import load_warm

PR_SET_PDEATHSIG = 1
"""Asks Linux for a signal when the thread that started this process ends, whatever ends it: prctl(2)."""
FIRST_TO_END = "1000"
LOOK_S = 0.05
KILLED = "; where memory is short, the kernel ends it before others"
GRACE_S = 5
"""How much longer than its own limit the process may take to end."""


class Rehearsals:
    """Starts such processes. Several threads may use it at once."""

    def __init__(self, *, device: str, batch_tokens: int, timeout_s: float) -> None:
        alarm_s = max(1, round(timeout_s))
        self._arguments = (device, str(batch_tokens), str(alarm_s), str(os.getpid()))
        self._timeout_s = timeout_s

    def rehearse(self, bundle: Located, is_cancelled: Event) -> int:
        """Load a bundle in a process of its own; the bytes of memory that it takes.

        Raises:
            RehearsalFailed: it was refused, crashed, or did not end in time.
            LoadCancelled: `is_cancelled` was set before it ended.
        """
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
        module = [sys.executable, "-P", "-m", "service.registry.rehearsal"]
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


def main(argv: Sequence[str]) -> int:
    """Load, warm and check the bundle, and print the result."""
    folder, digest, device, batch_tokens, timeout_s, parent = argv
    signal.alarm(int(timeout_s))
    _end_with(int(parent))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_END, encoding="ascii")
    before = resident_bytes()
    located = Located(Path(folder), None if digest == "-" else digest)
    try:
        load_warm(located, device="cuda" if device == "cuda" else "cpu", batch_tokens=int(batch_tokens))
        result: dict[str, object] = {"bytes": peak_resident_bytes() - before}
    except Exception as error:
        refusal = error if isinstance(error, PolyparseError) else LoadFailed(error)
        result = {"code": refusal.code, "message": str(refusal)}
    print(json.dumps(result), flush=True)
    return 0


def _end_with(parent: int) -> None:
    """End at once when the parent does, by whatever; on a system that has no such signal the alarm is left."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It ended before we asked.
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
