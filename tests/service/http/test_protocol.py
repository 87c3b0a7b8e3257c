"""Connections over real sockets: whatever the other side does, they are bounded in bytes and time, and harm no other."""

import asyncio
import socket
import struct

import pytest

from tests.service.fakes import until
from tests.service.http.peers import LIVE, Peer, head_of, post, served, text, write_for_ever

pytestmark = pytest.mark.anyio


class TestHead:
    async def test_one_of_16_kib_is_read(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(head_of(16_384))
            assert (await peer.answer()).status == 200

    @pytest.mark.parametrize(
        "head",
        [
            head_of(16_385),
            head_of(3_000_000),
            b"GET /health/live HTTP/1.1\r\n" + b"".join(b"x-%d: 1\r\n" % i for i in range(100_000)) + b"\r\n",
            b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nhost: s\r\n\r\n",
        ],
        ids=["a byte too many", "one header of megabytes", "many headers", "a long path"],
    )
    async def test_a_longer_one_is_refused_and_its_connection_closed(self, head: bytes) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(head)
            answer = await peer.answer()
            assert (answer.status, answer.body["code"]) == (431, "head_too_large")
            assert "connection: close" in answer.head
            peer.writer.write_eof()
            assert await peer.rest() == b""
            await until(lambda: service.connections == 0)

    async def test_a_later_one_on_a_connection_is_bounded_too(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(LIVE + head_of(20_000))
            assert [(await peer.answer()).status for _ in range(2)] == [200, 431]

    async def test_one_that_does_not_come_is_timed_out(self) -> None:
        async with served(head_timeout_s=0.2) as service:
            peer = await service.connect()
            peer.writer.write(LIVE[:10])
            answer = await peer.answer()
            assert (answer.status, answer.body["code"]) == (408, "head_timeout")

    async def test_a_silent_connection_is_closed_without_a_word(self) -> None:
        async with served(head_timeout_s=0.2) as service:
            peer = await service.connect()
            assert await peer.rest() == b""

    async def test_time_between_bytes_does_not_prolong_it(self) -> None:
        async with served(head_timeout_s=0.3) as service:
            peer = await service.connect()
            trickling = asyncio.create_task(trickle(peer, b"x: 1\r\n", first=LIVE[:-2]))
            assert (await peer.answer()).status == 408
            trickling.cancel()


async def trickle(peer: Peer, part: bytes, *, first: bytes) -> None:
    """Send a part again and again."""
    peer.writer.write(first)
    while True:
        peer.writer.write(part)
        await asyncio.sleep(0.01)


class TestPipelining:
    async def test_every_request_is_answered_in_order(self) -> None:
        async with served() as service:
            peer = await service.connect()
            for i in range(200):
                peer.writer.write(post(text(f"word{i}")))
            texts = [(await peer.answer()).body["text"] for _ in range(200)]
            assert texts == [f"word{i}" for i in range(200)]

    async def test_what_is_ahead_of_its_answer_is_not_read(self) -> None:
        """While one request waits, a megabyte of others stays where it is, for the most part."""
        async with served() as service:
            peer = await service.connect()
            with service.parser.gate.held():
                peer.writer.write(post(text("first")))
                await service.parser.gate.batch()
                peer.writer.write(LIVE * 100_000)
                (connection,) = service.server.server_state.connections
                await until(lambda: bool(connection._held))  # type: ignore[union-attr]
                others = await service.connect()
                others.writer.write(LIVE)
                assert (await others.answer()).status == 200
                assert len(connection.pipeline) < 200  # type: ignore[union-attr]
                assert len(connection._held) <= 1_000_000  # type: ignore[union-attr]
            assert (await peer.answer()).body["text"] == "first"
            assert [(await peer.answer()).status for _ in range(1000)] == 1000 * [200]


class TestUpgrade:
    REQUEST = post(
        text("wake me"),
        b"connection: Upgrade, HTTP2-Settings",
        b"upgrade: h2c",
        b"http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    )

    async def test_it_is_ignored_and_its_request_answered(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(self.REQUEST + LIVE)
            assert (await peer.answer()).body["text"] == "wake me"
            assert (await peer.answer()).status == 200

    @pytest.mark.parametrize("at", range(20, 240, 37))
    async def test_wherever_it_is_cut(self, at: int) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(self.REQUEST[:at])
            await asyncio.sleep(0.02)
            peer.writer.write(self.REQUEST[at:])
            assert (await peer.answer()).body["text"] == "wake me"

    async def test_a_tunnel_is_refused(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(b"CONNECT a.b:80 HTTP/1.1\r\nhost: a.b:80\r\n\r\n")
            answer = await peer.answer()
            assert (answer.status, answer.body["code"]) == (400, "malformed_request")


class TestBody:
    async def test_an_answer_before_the_whole_body_is_not_lost(self) -> None:
        """The caller sends all of it before it reads: a reset would take the answer away."""
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(post(b"x" * 800_000))
            await peer.writer.drain()
            assert (await peer.answer()).status == 413
            assert await peer.rest() == b""

    async def test_a_small_rest_leaves_the_connection_open(self) -> None:
        async with served() as service:
            peer = await service.connect()
            whole = post(b"x" * 1000, b"content-type: text/plain")
            peer.writer.write(whole[:-500])
            assert (await peer.answer()).status == 415
            peer.writer.write(whole[-500:] + LIVE)
            assert (await peer.answer()).status == 200

    async def test_an_endless_rest_is_dropped_and_ends(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(b"POST /parse HTTP/1.1\r\nhost: s\r\ncontent-length: 40000000000\r\n")
            peer.writer.write(b"content-type: text/plain\r\n\r\n")
            assert (await peer.answer()).status == 415
            with pytest.raises(ConnectionError):
                await write_for_ever(peer, b"x" * 65_536)
            await until(lambda: service.connections == 0)


class TestEnds:
    async def test_an_idle_connection_is_closed(self) -> None:
        async with served(idle_timeout_s=0.2) as service:
            peer = await service.connect()
            peer.writer.write(LIVE)
            assert (await peer.answer()).status == 200
            assert await peer.rest() == b""
            peer.writer.close()
            await until(lambda: service.connections == 0)

    async def test_resets_leave_nothing_behind(self) -> None:
        async with served() as service:
            for _ in range(50):
                peer = await service.connect()
                peer.writer.write(LIVE)
                await peer.answer()
                peer.writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                peer.writer.transport.abort()
            await until(lambda: service.connections == 0)
            assert not service.server.server_state.tasks

    async def test_a_caller_who_does_not_read_is_cut_off(self) -> None:
        async with served(request_timeout_s=0.3) as service:
            peer = await service.connect()
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
            with pytest.raises(ConnectionError):
                await write_for_ever(peer, b"GET /openapi.json HTTP/1.1\r\nhost: s\r\n\r\n")
            await until(lambda: service.connections == 0)

    async def test_what_is_no_http_is_told_so(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
            answer = await peer.answer()
            assert (answer.status, answer.body["code"]) == (400, "malformed_request")


class TestTooMany:
    async def test_idle_ones_make_room(self) -> None:
        async with served(max_connections=20) as service:
            silent = [await service.connect() for _ in range(60)]
            peer = await service.connect()
            peer.writer.write(LIVE)
            assert (await peer.answer()).status == 200
            assert await silent[0].rest() == b""

    async def test_those_with_a_request_stay(self) -> None:
        async with served(max_connections=5) as service:
            with service.parser.gate.held():
                busy = [await service.connect() for _ in range(5)]
                for peer in busy:
                    peer.writer.write(post(text("wake me")))
                await until(lambda: len(service.server.server_state.tasks) == 5)
                late = await service.connect()
                assert await late.rest() == b""
            assert [(await peer.answer()).status for peer in busy] == 5 * [200]
