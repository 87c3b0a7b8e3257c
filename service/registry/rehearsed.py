"""The process that tries a version before it is loaded beside requests.

    python -m service.registry.rehearsed BUNDLE DIGEST|- DEVICE BATCH_TOKENS TIMEOUT_S PARENT

It yields the processor, is the first that the kernel ends where memory is short, and ends by itself after TIMEOUT_S, and
with the process PARENT, however that one ends. Its last line is JSON: {"bytes"}, the memory that the version takes, or
{"code", "message"} of the error that refuses it.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from service.parent import end_with

LOWER_BY = 5
"""Steps of priority below the thread that starts it. Ten, and beside other processes one took more than eight seconds."""
FIRST_TO_END = "1000"


def main(argv: Sequence[str]) -> int:
    """Load, warm and check the bundle, and print the result."""
    folder, digest, device, batch_tokens, timeout_s, parent = argv
    signal.alarm(int(timeout_s))
    end_with(int(parent), signal.SIGKILL)
    os.nice(LOWER_BY)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_END, encoding="ascii")
    # All that takes time is imported only here, when the priority is low.
    from polyparse.bundle.store import Located  # noqa: PLC0415
    from polyparse.errors import PolyparseError  # noqa: PLC0415
    from polyparse.runtime.session import Device, choose_device  # noqa: PLC0415
    from service.memory import peak_resident_bytes, resident_bytes  # noqa: PLC0415
    from service.registry.errors import LoadFailed  # noqa: PLC0415
    from service.registry.load_warm import load_warm  # noqa: PLC0415

    wished: Device = "cuda" if device == "cuda" else "cpu"
    located = Located(Path(folder), None if digest == "-" else digest)
    try:
        choose_device(wished)  # Who serves has the device's libraries already.
        before = resident_bytes()
        load_warm(located, device=wished, batch_tokens=int(batch_tokens))
        result: dict[str, object] = {"bytes": peak_resident_bytes() - before}
    except Exception as error:
        refusal = error if isinstance(error, PolyparseError) else LoadFailed(error)
        result = {"code": refusal.code, "message": str(refusal)}
    print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
