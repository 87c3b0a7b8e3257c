"""`polyparse serve`: one process, or a supervisor and several. It imports of the service what it needs, and no more."""

import os
from collections.abc import Sequence
from importlib.util import find_spec

from service.settings import read

NEEDED = ("fastapi", "onnxruntime")
"""Packages that a worker imports: where one is absent, the command says what to install, before any worker starts."""


def main(argv: Sequence[str]) -> int:
    """Serve, and return 0 after a signal to end. What refuses to start is raised as a PolyparseError."""
    settings = read(argv, os.environ)
    if settings.workers == 1:
        from service import cli  # noqa: PLC0415 - a supervisor has no use for what serves.

        return cli.main(argv)
    from service.workers.supervise import supervise  # noqa: PLC0415 - and a single process none for a supervisor.

    for name in NEEDED:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return supervise(settings, argv)
