"""A server in a process of its own: started on a core, waited for, looked at, ended."""

import http.client
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from benchmarks.client import HOST
from benchmarks.command import ROOT
from benchmarks.cores import pinned
from benchmarks.errors import MeasurementFailed
from service.settings import PREFIX

READY = "/health/ready"
NO_VARIABLES: Mapping[str, str] = {}
POLL_S = 0.01
START_S = 300.0
STOP_S = 30.0
TAIL_BYTES = 2000


class Server(NamedTuple):
    """A server that is ready, and the seconds that this took from the start of its process."""

    pid: int
    port: int
    ready_s: float


def by_flag(port: int) -> Sequence[str]:
    """How most servers are told their port."""
    return ("--port", str(port))


@contextmanager
def started(
    command: Sequence[str],
    *,
    core: int | None,
    ready: str = READY,
    folder: Path = ROOT,
    variables: Mapping[str, str] = NO_VARIABLES,
    listen: Callable[[int], Sequence[str]] = by_flag,
) -> Iterator[Server]:
    """Start a command on a free port, wait until its path `ready` gives 200, and end it after the `with`.

    `listen` gives the flags that tell it the port. It runs in `folder`; `variables` are added to the environment that it
    inherits.

    Raises:
        MeasurementFailed: it ended by itself, or was not ready in time; the end of its output is shown.
    """
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environ |= variables
    with tempfile.TemporaryFile() as log:
        started_s = time.perf_counter()
        with pinned(core):
            process = subprocess.Popen(  # noqa: S603 - our own servers
                [*command, *listen(port)], cwd=folder, env=environ, stdout=log, stderr=log
            )
        try:
            while not is_ready(port, ready):
                waited_s = time.perf_counter() - started_s
                if process.poll() is not None or waited_s > START_S:
                    raise MeasurementFailed(f"{command}: not ready after {waited_s:.1f} s:\n{_tail(log)}")
                time.sleep(POLL_S)
            yield Server(process.pid, port, time.perf_counter() - started_s)
        finally:
            _stop(process)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def is_ready(port: int, path: str = READY) -> bool:
    """Whether the server at the port answers the path with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read()[-TAIL_BYTES:].decode(errors="replace")
