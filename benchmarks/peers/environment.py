"""A peer's own environment: a Python that it runs on, and exactly the pinned versions."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.errors import MeasurementFailed
from benchmarks.peers.peer import Peer
from benchmarks.peers.record import digest

STAMP = "installed.txt"
CHECK = "import sys; print('%d.%d' % sys.version_info[:2])"
CHECK_S = 20.0
TAIL_LINES = 3


class Unavailable(MeasurementFailed):
    """A peer cannot be installed here: it is left out, and the message says why."""

    code = "peer_unavailable"


def ready(peer: Peer, folder: Path) -> Path:
    """The interpreter of the peer's environment in `folder`, which is made where it is absent or has other versions.

    Raises:
        Unavailable: there is no Python for it, or pip cannot install it.
    """
    python, stamp = folder / "bin" / "python", folder / STAMP
    requested = digest(peer.requirements)
    if stamp.is_file() and stamp.read_text(encoding="ascii") == requested and python.exists():
        return python
    stamp.unlink(missing_ok=True)
    base = find_python(peer)
    print(f"{peer.name}: installing into {folder}", file=sys.stderr)
    _run(peer, [base, "-m", "venv", folder])
    _run(peer, [python, "-m", "pip", "install", "--quiet", "--requirement", peer.requirements])
    stamp.write_text(requested, encoding="ascii")
    return python


def find_python(peer: Peer) -> Path:
    """An interpreter of the version that the peer needs; Unavailable where none runs."""
    if peer.python is None:
        return Path(sys.executable)
    requested = "{}.{}".format(*peer.python)
    tried = list(_candidates(requested))
    for path in tried:
        if _version(path) == requested:
            return path
    actual = ", ".join(map(str, tried)) or f"no python{requested} on PATH or under pyenv"
    raise Unavailable(f"{peer.name} needs Python {requested}: found {actual}, expected one that runs")


def _candidates(version: str) -> Iterator[Path]:
    """Files that may be this Python: on PATH, then among pyenv's own (its shims run only where a version is chosen)."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if (path := Path(folder, f"python{version}")).is_file():
            yield path
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(root.glob(f"versions/{version}.*/bin/python"))


def _version(python: Path) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter
            [python, "-c", CHECK], capture_output=True, text=True, timeout=CHECK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _run(peer: Peer, command: list[Path | str]) -> None:
    # pip would hold a peer to the project's own versions, where make has named them
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_CONSTRAINT")}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if done.returncode:
        last = "; ".join((done.stderr or done.stdout).strip().splitlines()[-TAIL_LINES:])
        raise Unavailable(f"{peer.name} cannot be installed (status {done.returncode}): {last}")
