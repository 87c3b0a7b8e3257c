"""A signal to end is a drain: what is in flight is answered, nothing new is accepted, and the exit is a success."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.fakes import BOUND_S

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server() -> Iterator[subprocess.Popen[str]]:
    """A process that runs slow_server.py, gone after the test."""
    command = [sys.executable, "-m", "tests.service.slow_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own.
        yield process
        process.kill()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_in_flight_and_exits_0(
    server: subprocess.Popen[str], sig: signal.Signals
) -> None:
    assert server.stdout is not None
    port = int(server.stdout.readline().removeprefix("listening "))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S)
    connection.request(
        "POST", "/parse", json.dumps({"text": "wake me"}), {"content-type": "application/json"}
    )
    assert server.stdout.readline() == "running\n"
    server.send_signal(sig)
    assert server.stdout.readline() == "draining True\n"
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["text"] == "wake me"
    connection.close()
    assert server.wait(BOUND_S) == 0
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S).connect()
