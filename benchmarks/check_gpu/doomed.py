"""The service, whose device is lost as soon as a file is there.

python -m benchmarks.check_gpu.doomed FILE serve ...
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from benchmarks.check_gpu.broken_device import Driver
from polyparse.cli.main import main as polyparse

LOOK_S = 0.05


def main(argv: Sequence[str]) -> int:
    """Serve, until the end of the service."""
    Thread(target=_wait_and_harm, args=(Path(argv[0]),), daemon=True).start()
    return polyparse(argv[1:])


def _wait_and_harm(file: Path) -> None:
    while not file.exists():
        time.sleep(LOOK_S)
    Driver().harm()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
