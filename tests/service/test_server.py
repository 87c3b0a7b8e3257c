"""Over real sockets: a signal to end is a drain, and a caller who hangs up while queued is never run."""

import asyncio
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from service.app import running
from service.server import LOOK_S, Server
from service.settings import Settings
from tests.service.fakes import BOUND_S, FakeLoader, FakeParser, FakeSource, until
from tests.service.http.peers import LIVE, post, served, text

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
        server = Server(service.asgi, settings, service.wire, service.lifetime)
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


class TestEnd:
    async def test_what_a_hung_model_was_asked_is_answered_all_the_same(self) -> None:
        async with served(lame_duck_s=0.0, drain_timeout_s=0) as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(post(text("wake me")))
                await service.parser.gate.batch()
                service.server.handle_exit(signal.SIGTERM, None)
                answer = await peer.answer()
            assert (answer.status, answer.body["code"]) == (503, "shutting_down")
            assert "connection: close" in answer.head

    @pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
    async def test_a_second_signal_does_not_wait_and_a_third_changes_nothing(
        self, second: signal.Signals
    ) -> None:
        async with served(lame_duck_s=3600.0, drain_timeout_s=3600) as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(post(text("wake me")))
                await service.parser.gate.batch()
                for each in (signal.SIGTERM, second, signal.SIGTERM):
                    service.server.handle_exit(each, None)
                assert (await peer.answer()).status == 503

    async def test_where_the_whole_machine_stood_still_callers_are_waited_for_all_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.server.QUIET_LOOKS", 5)
        async with served(lame_duck_s=0.0) as service:
            peer = await service.connect()
            service.server.handle_exit(signal.SIGTERM, None)
            await until(lambda: not service.server.servers[0].is_serving())
            time.sleep(10 * LOOK_S)  # noqa: ASYNC251 - this is how nothing moves
            peer.writer.write(post(text("wake me")))
            assert (await peer.answer()).status == 200

    async def test_a_request_on_an_open_connection_is_answered_in_the_drain(self) -> None:
        async with served(lame_duck_s=0.0) as service:
            peer = await service.connect()
            peer.writer.write(LIVE)
            await peer.answer()
            service.server.handle_exit(signal.SIGTERM, None)
            await until(lambda: not service.server.servers[0].is_serving())
            peer.writer.write(post(text("wake me")))
            answer = await peer.answer()
            assert (answer.status, "connection: close" in answer.head) == (200, True)
            assert await peer.rest() == b""
