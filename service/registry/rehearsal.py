"""The rehearsal of a version: a process of its own loads and tries it first, so that one that hangs or crashes harms nobody.

    python -m service.registry.rehearsal BUNDLE DIGEST|- DEVICE BATCH_TOKENS TIMEOUT_S

It yields the processor to everybody else, is the first that the kernel ends where memory is short, and ends by itself after
TIMEOUT_S. Its last line is JSON: {"bytes"}, the memory that the version takes, or {"code", "message"} of the error that
refuses it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from polyparse.bundle.store import Located
from polyparse.errors import PolyparseError
from service.registry.errors import LoadCancelled, RehearsalFailed

LOW_PRIORITY = 10
FIRST_TO_END = "1000"
GRACE_S = 5
"""How much longer than its own limit the process may take to end."""


class Rehearsals:
    """Starts such processes, and ends those that run. Used by the threads of loads, and ended from any."""

    def __init__(self, *, device: str, batch_tokens: int, timeout_s: float) -> None:
        self._arguments = (device, str(batch_tokens), str(max(1, round(timeout_s))))
        self._timeout_s = timeout_s
        self.processes: set[subprocess.Popen[bytes]] = set()
        """Those that run."""
        self._cancelled: set[subprocess.Popen[bytes]] = set()

    def rehearse(self, bundle: Located) -> int:
        """Load a bundle in a process of its own; the bytes of memory that it takes.

        Raises:
            RehearsalFailed: it was refused, crashed, or did not end in time.
            LoadCancelled: `cancel` was called.
        """
        module = [sys.executable, "-m", "service.registry.rehearsal"]
        command = [*module, str(bundle.bundle), bundle.digest or "-", *self._arguments]
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.processes.add(process)
        try:
            output, _ = process.communicate(timeout=self._timeout_s + GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
        finally:
            self.processes.discard(process)
        if process in self._cancelled:
            self._cancelled.discard(process)
            raise LoadCancelled("it is not wished any more")
        return _bytes_of(output, process.returncode)

    def cancel(self) -> None:
        """End the processes that run."""
        for process in tuple(self.processes):
            self._cancelled.add(process)
            process.kill()


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
    raise RehearsalFailed(f"found {ended} from the process that tried it, expected an answer")


def main(argv: Sequence[str]) -> int:
    """Load, warm and check the bundle, and print the result."""
    folder, digest, device, batch_tokens, timeout_s = argv
    signal.alarm(int(timeout_s))
    os.nice(LOW_PRIORITY)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_END, encoding="ascii")
    # The runtime is imported only here, after the priority is low.
    from service.memory import peak_resident_bytes, resident_bytes  # noqa: PLC0415
    from service.registry.load_warm import load_warm  # noqa: PLC0415

    before = resident_bytes()
    located = Located(Path(folder), None if digest == "-" else digest)
    try:
        load_warm(located, device="cuda" if device == "cuda" else "cpu", batch_tokens=int(batch_tokens))
        result: dict[str, object] = {"bytes": peak_resident_bytes() - before}
    except PolyparseError as error:
        result = {"code": error.code, "message": str(error)}
    print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
