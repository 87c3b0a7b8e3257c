"""A worker's process, as its supervisor starts it: `python -m service.worker PLACE... FLAGS...` (workers/place.py).

It gets SIGTERM when its supervisor ends, however that one ends, so that it drains and no worker is left over.
"""

import os
import shutil
import signal
import sys
from collections.abc import Sequence

from polyparse.errors import PolyparseError
from service.parent import end_with
from service.workers.board import REFUSAL, Board
from service.workers.place import read_place

REFUSED = 2
"""Exit status of a worker that does not start; the board has the reason."""


def main(argv: Sequence[str]) -> int:
    """Serve until a signal; the exit status."""
    place, flags = read_place(argv)
    end_with(place.supervisor, signal.SIGTERM)
    from service import cli  # noqa: PLC0415 - it takes half a second, in which the supervisor may end.

    try:
        return cli.main(flags, place)
    except PolyparseError as error:
        Board(place.folder, place.number).publish(REFUSAL, str(error).encode())
        return REFUSED
    finally:
        if os.getppid() != place.supervisor:  # Nobody else is left to take the folder away.
            shutil.rmtree(place.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
