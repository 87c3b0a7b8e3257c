"""A service whose log nobody reads answers as before, counts what it drops, and ends when it is asked to."""

import fcntl
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.process import free_port, is_ready
from tests.bundles import write_bundle
from tests.service.fakes import BOUND_S

ROOT = Path(__file__).parents[2]
SET_PIPE_SIZE = 1031
"""F_SETPIPE_SZ of fcntl(2)."""
REQUESTS = 4000
HEADERS = {"x-request-id": 128 * "a"}
"""Each a line of some 290 bytes, by the longest id: more than a pipe of a page and the service's own bound take together."""


class Deaf(NamedTuple):
    """A service with a full pipe for standard error."""

    process: "subprocess.Popen[bytes]"
    port: int


@pytest.fixture
def deaf(tmp_path: Path) -> Iterator[Deaf]:
    write_bundle(tmp_path / "models" / "words" / "1")
    port = free_port()
    command = [sys.executable, "-m", "service", "--models", str(tmp_path / "models"), "--port", str(port)]
    with subprocess.Popen([*command, "--access-log", "on"], cwd=ROOT, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own.
        try:
            assert process.stderr is not None
            fcntl.fcntl(process.stderr, SET_PIPE_SIZE, 4096)
            while not is_ready(port):
                assert process.poll() is None
            yield Deaf(process, port)
        finally:
            process.kill()


def dropped(port: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    (line,) = (line for line in lines if line.startswith("polyparse_log_lines_dropped_total "))
    return float(line.rpartition(" ")[2])


def test_requests_are_answered_and_the_process_ends_though_nobody_reads_its_log(deaf: Deaf) -> None:
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", deaf.port), timeout=BOUND_S) as malformed:
            malformed.sendall(b"NO HTTP\r\n\r\n")
            malformed.recv(4096)
    connection = HTTPConnection("127.0.0.1", deaf.port, timeout=BOUND_S)
    for _ in range(REQUESTS):
        connection.request("POST", "/parse", b'{"text": "wake me at seven"}', HEADERS)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()
    assert dropped(deaf.port) > 0
    assert is_ready(deaf.port, "/health/live")
    deaf.process.send_signal(signal.SIGTERM)
    assert deaf.process.wait(BOUND_S) == 0
