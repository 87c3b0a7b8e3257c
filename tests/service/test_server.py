"""Over real sockets: a signal to end is a drain, and a caller who hangs up while queued is never run."""

import asyncio
import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from service.app import running
from service.server import Server
from service.settings import Settings
from tests.service.fakes import BOUND_S, FakeLoader, FakeParser, FakeSource, until

pytestmark = pytest.mark.anyio

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
    assert server.stdout.readline() == "draining\n"
    answer = connection.getresponse()
    assert answer.status == 200
    assert json.loads(answer.read())["text"] == "wake me"
    connection.close()
    assert server.wait(BOUND_S) == 0
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND_S).connect()


async def test_a_connection_closed_while_its_request_is_queued_drops_the_request() -> None:
    parser = FakeParser()
    settings = Settings(port=0)
    async with running(settings, FakeSource(), loader=FakeLoader(parser), threads=1) as service:
        server = Server(service.asgi, settings, on_exit=service.readiness.drain)
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        with parser.gate.held():
            first = await ask(port, "first")
            assert await parser.gate.batch() == ["first"]
            leaving = await ask(port, "leaving")
            await until(lambda: service.batcher.waiting_tokens == 1)
            leaving.writer.close()
            await until(lambda: len(server.server_state.connections) == 1)
            last = await ask(port, "last")
            await until(lambda: service.batcher.waiting_tokens == 2)
        for caller in (first, last):
            assert b" 200 " in await caller.reader.readline()
            caller.writer.close()
        assert parser.gate.batches() == [["last"]]
        server.should_exit = True
        await serving


class Caller(NamedTuple):
    """A connection of its own."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def ask(port: int, text: str) -> Caller:
    """Send a request and do not wait for its answer."""
    caller = Caller(*await asyncio.open_connection("127.0.0.1", port))
    body = json.dumps({"text": text}).encode()
    head = b"POST /parse HTTP/1.1\r\nhost: service\r\ncontent-length: %d\r\n\r\n" % len(body)
    caller.writer.write(head + body)
    return caller
