"""models/<name>/.status/<host>-<pid>.json: what a process that serves says of each version of the model, for `models list`.

    {"schema": 1, "host", "pid", "at", "generation": 3 | null,
     "versions": [{"version", "digest", "state": "serving", "reason": {"code", "message"} | null,
                   "verdict": "unhealthy"}],
     "started": 1234567 | null, "pid_namespace": 4026531836 | null}

`verdict` is what the process finds of a canary, and is left out for other versions: readers of before know no such key.
`started` and `pid_namespace` tell the process from a later one of its pid, and are filled in by `write`. The file of a
process that was killed stays until somebody on its host reads the folder; elsewhere it is left out once it was not written
anew for some minutes, and removed after a day (silence.py).
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from polyparse.atomic import replace_file
from polyparse.bundle import plain_file, silence
from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import BundleError, ConfigError
from polyparse.schema import read_json, unstructure

if TYPE_CHECKING:
    from collections.abc import Iterable

StateName = Literal["serving", "ready", "loading", "retired", "failed"]
STATES: tuple[StateName, ...] = get_args(StateName)
Verdict = Literal["healthy", "unhealthy", "undecided"]

CURE = "mend its files, and it is tried again by itself; or promote another version, or roll back"
"""What helps where a version failed."""
FOLDER = ".status"
SCHEMA = 1
HIGHEST_PID = 2**31 - 1
HALF_WRITTEN_S = 3600.0
"""Age in seconds from which on a file that was not written to its end is nobody's any more."""


@dataclass(frozen=True)
class Reason:
    """Why a version failed: the code of the error, and its message."""

    code: str
    message: str


@dataclass(frozen=True)
class VersionStatus:
    """What a process does with a version."""

    version: str
    digest: str
    state: StateName
    reason: Reason | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessStatus:
    """What a process says of itself at a time; `generation` is that of the state which it follows, null without one."""

    host: str
    pid: int
    at: str
    generation: int | None
    versions: tuple[VersionStatus, ...]
    schema: int = SCHEMA
    started: int | None = None
    pid_namespace: int | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for another schema, and for what cannot name a file."""
        if self.schema != SCHEMA:
            raise ConfigError(f"schema: found {self.schema}, expected {SCHEMA}")
        if not is_folder_name(self.host):
            raise ConfigError(f"host: found {self.host!r}, expected a name without / that begins with no dot")
        if not 1 <= self.pid <= HIGHEST_PID:
            raise ConfigError(f"pid: found {self.pid}, expected 1 to {HIGHEST_PID}")


def write(model: Path, status: ProcessStatus) -> None:
    """Replace the file of this process in one step; OSError where the folder takes none."""
    file = model / FOLDER / name_of(status.host, status.pid)
    file.parent.mkdir(exist_ok=True)
    replace_file(file, encoded(status))


def encoded(status: ProcessStatus) -> bytes:
    """The bytes of the file of this process."""
    status = replace(status, started=_started(status.pid), pid_namespace=_pid_namespace())
    data = unstructure(status)
    for version in data["versions"]:
        if version["verdict"] is None:  # Readers of before knew of none.
            del version["verdict"]
    return (json.dumps(data, indent=1) + "\n").encode()


def remove(model: Path, host: str, pid: int) -> None:
    """Remove the file of a process that ends; OSError where the folder cannot be changed."""
    model.joinpath(FOLDER, name_of(host, pid)).unlink(missing_ok=True)


def read_all(model: Path) -> list[ProcessStatus]:
    """What each process that lives, or may live, says, by host and pid; files that cannot be read say nothing.

    The files of processes of this machine that are gone are removed, where the folder lets us, and those of any that were
    not heard of for very long.
    """
    statuses = []
    files = {file.name: file for file in _files(model)}
    heard = silence.heard({name: _written_s(file) for name, file in files.items()}, time.time())
    for name in heard.forgotten:
        _discard(files[name])
    for file in (files[name] for name in heard.lately):
        if (status := _read(file)) is None:
            continue
        if is_gone(status):
            _discard(file)
        else:
            statuses.append(status)
    return in_order(statuses)


def in_order(statuses: Iterable[ProcessStatus]) -> list[ProcessStatus]:
    """By host and pid."""
    return sorted(statuses, key=lambda status: (status.host, status.pid))


def parse(content: bytes, *, name: str) -> ProcessStatus | None:
    """What the bytes of a file say; None for one of no known form, or of another process than its name says."""
    try:
        status = read_json(ProcessStatus, content, where=name)
    except ConfigError:
        return None
    return status if name == name_of(status.host, status.pid) else None


def _files(model: Path) -> list[Path]:
    """The files of processes; those that were not written to their end, long ago, are removed."""
    try:
        files = list(model.joinpath(FOLDER).iterdir())
    except OSError:
        return []
    for file in filter(_is_half_written, files):
        _discard(file)
    return [file for file in files if not file.name.startswith(".")]


def _written_s(file: Path) -> float | None:
    try:
        return file.stat().st_mtime
    except OSError:
        return None


def _read(file: Path) -> ProcessStatus | None:
    try:
        return parse(plain_file.read(file) or b"", name=file.name)
    except BundleError:
        return None


def _discard(file: Path) -> None:
    with suppress(OSError):
        file.unlink()


def _is_half_written(file: Path) -> bool:
    """Whether a process was killed before it gave its file the name that it was to have, long ago."""
    with suppress(OSError):
        return file.name.startswith(".") and time.time() - file.stat().st_mtime > HALF_WRITTEN_S
    return False


def is_gone(status: ProcessStatus) -> bool:
    """Whether the process has ended; False where we cannot know: on other hosts, in containers with pids of their own."""
    if status.host != socket.gethostname() or status.pid_namespace != _pid_namespace():
        return False
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it lives, and is somebody else's
    now = _started(status.pid)
    return None not in {now, status.started} and now != status.started


def name_of(host: str, pid: int) -> str:
    """The name of the file of a process."""
    return f"{host}-{pid}.json"


def _started(pid: int) -> int | None:
    """When a process started, in clock ticks since the machine did (proc(5), field 22 of stat); None where nobody says."""
    try:
        _, _, rest = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")
    except OSError:
        return None
    return int(rest.split()[19])


def _pid_namespace() -> int | None:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return None
