"""The admin port: it says where it listens and for whom, leaves signals alone, and ends without waiting for anybody."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest

from polyparse.errors import ConfigError
from service.admin_server import administered
from service.settings import Settings
from tests.service.http.peers import LIVE, Peer, head_of
from tests.service.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_without_an_admin_port_none_listens() -> None:
    async with serving() as s, administered(s.service.admin, Settings(), s.service.admin_wire) as server:
        assert s.service.admin is None
        assert server is None


async def test_without_tokens_it_says_that_anybody_may_change_what_serves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = Settings(admin_port=0)
    async with (
        serving(admin_port=0) as s,
        administered(s.service.admin, settings, s.service.admin_wire) as server,
    ):
        assert server is not None
        port = server.servers[0].sockets[0].getsockname()[1]
        (record,) = [each for each in caplog.records if "admin API" in each.message]
        assert record.levelno == logging.WARNING
        said = "whoever reaches it may change which version serves; --admin-token-file asks for a token"
        assert record.message == f"admin API on http://127.0.0.1:{port}: {said}"


async def test_with_tokens_it_says_for_whom_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "tokens"
    write(file)
    settings = Settings(admin_port=0, admin_token_file=file)
    async with (
        serving(admin_port=0, admin_token_file=file) as s,
        administered(s.service.admin, settings, s.service.admin_wire),
    ):
        (record,) = [each for each in caplog.records if "admin API" in each.message]
        assert record.levelno == logging.INFO
        assert record.message.endswith(", for those with a token")


def write(file: Path) -> None:
    file.write_text("token", encoding="utf-8")
    file.chmod(0o600)


async def test_it_leaves_signals_alone_and_ends_while_a_connection_is_open() -> None:
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with serving(admin_port=0) as s:
        async with administered(s.service.admin, Settings(admin_port=0), s.service.admin_wire) as server:
            assert server is not None
            port = server.servers[0].sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v2/health/live HTTP/1.1\r\nhost: admin\r\n\r\n")
            assert b" 200 " in await reader.readline()
            assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers
            writer.write(b"PUT /admin/state HTTP/1.1\r\nhost: admin\r\ncontent-length: 100\r\n\r\n")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.close()


async def test_a_port_that_is_taken_is_refused_by_the_name_of_its_setting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        settings = Settings(admin_port=port)
        async with serving(admin_port=port) as s:
            with pytest.raises(
                ConfigError, match=rf"^--admin-port: found port {port} of 127\.0\.0\.1 in use"
            ):
                async with administered(s.service.admin, settings, s.service.admin_wire):
                    pass


async def test_an_address_of_another_machine_is_refused_by_the_name_of_its_setting() -> None:
    settings = Settings(admin_port=0, admin_host="192.0.2.1")
    async with serving(admin_port=0) as s:
        with pytest.raises(ConfigError, match=r"^--admin-host: found '192\.0\.2\.1', which is no address"):
            async with administered(s.service.admin, settings, s.service.admin_wire):
                pass


@asynccontextmanager
async def connected(**settings: Any) -> AsyncIterator[Peer]:
    """A connection to the admin port of a service."""
    async with (
        serving(admin_port=0, **settings) as s,
        administered(s.service.admin, Settings(admin_port=0), s.service.admin_wire) as server,
    ):
        assert server is not None
        port = server.servers[0].sockets[0].getsockname()[1]
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
        yield peer
        peer.writer.close()


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_huge_head_is_refused_and_its_connection_ends(*, is_whole: bool) -> None:
    async with connected() as peer:
        head = head_of(40_000)
        peer.writer.write(head if is_whole else head[:-4])
        answer = await peer.answer()
        assert (answer.status, answer.body["code"]) == (431, "head_too_large")
        assert "connection: close" in answer.head
        assert await peer.rest() == b""


async def test_a_head_that_does_not_come_is_waited_for_no_longer_than_at_the_port_that_serves() -> None:
    async with connected(head_timeout_s=0.01) as peer:
        peer.writer.write(b"GET /v2/health/live HTTP/1.1\r\n")
        answer = await peer.answer()
        assert (answer.status, answer.body["code"]) == (408, "head_timeout")
        assert await peer.rest() == b""


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    async with connected() as peer:
        peer.writer.write(LIVE * 40)
        assert [(await peer.answer()).status for _ in range(40)] == [200] * 40
