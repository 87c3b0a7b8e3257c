"""The service as a process of its own: started, waited for, ended. It is known by its command and by HTTP alone."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import IO

from loadtest.address import Address
from loadtest.cores import on
from loadtest.errors import ServiceAbsent
from loadtest.plain_http import ask

SERVE = (sys.executable, "-m", "polyparse", "serve")
READY = "/health/ready"
HOST = "127.0.0.1"
LOWEST, HIGHEST = 20_000, 32_768
"""Ports to try: above them the kernel takes its own for connections that go out."""
START_S, STOP_S, POLL_S = 300.0, 30.0, 0.05
TAIL_BYTES = 2000
OK = 200


@contextmanager
def started(options: Sequence[str], cores: frozenset[int]) -> Iterator[Address]:
    """Serve on these cores with more options of `polyparse serve`, for the length of a `with`; raises ServiceAbsent."""
    port = free_port()
    environ = os.environ | {"ORT_DISABLE_TELEMETRY": "1"}
    with tempfile.TemporaryFile() as log:
        with on(cores):
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*SERVE, "--host", HOST, "--port", str(port), *options], env=environ, stdout=log, stderr=log
            )
        address = Address("http", HOST, port, "")
        try:
            _wait(process, address, log)
            yield address
        finally:
            _stop(process)


def is_ready(address: Address) -> bool:
    """Whether the service says that it is."""
    try:
        return ask("GET", address, READY, timeout_s=5).status == OK
    except ServiceAbsent:
        return False


def free_port() -> int:
    """A port that nobody listens on just now."""
    for port in range(LOWEST + os.getpid() % 1000, HIGHEST):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServiceAbsent(f"{HOST}: found no free port from {LOWEST} to {HIGHEST}, expected one")


def _wait(process: subprocess.Popen[bytes], address: Address, log: IO[bytes]) -> None:
    begun_s = perf_counter()
    while not is_ready(address):
        waited_s = perf_counter() - begun_s
        if process.poll() is not None or waited_s > START_S:
            log.seek(0)
            tail = log.read()[-TAIL_BYTES:].decode(errors="replace")
            raise ServiceAbsent(f"polyparse serve: not ready after {waited_s:.1f} s:\n{tail}")
        sleep(POLL_S)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
