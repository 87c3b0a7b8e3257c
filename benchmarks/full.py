"""The service as it is when it is full: it lets nobody in, so that all that it does is refuse."""

import sys
from collections.abc import Sequence

from service import cli
from service.line import WaitingLine


def main(argv: Sequence[str]) -> int:
    """Serve with the service's own flags, and return 0 after a signal to end."""
    WaitingLine.admits = _nobody  # type: ignore[method-assign]
    return cli.main(argv)


def _nobody(*_: object, **__: object) -> bool:
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
