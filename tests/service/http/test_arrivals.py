"""A request counts from when its first byte could be read, however long the event loop was kept from reading it."""

import asyncio
import re
import socket
import sys
import time

import pytest

from service.http.arrivals import LEAST_S, Arrivals
from tests.service.fakes import FakeClock, turns, until
from tests.service.http.peers import LIVE, Peer, Served, post, served, text

pytestmark = pytest.mark.anyio

BUSY_S = 0.1
STEP_S = 0.02
"""More than the steps in which the kernel counts."""


class FakeSocket:
    """Says how long ago it last got bytes, in milliseconds; None is a kernel that does not say."""

    def __init__(self, milliseconds: int | None) -> None:
        self._milliseconds = milliseconds
        self.asked = 0

    def get_extra_info(self, _: str) -> "FakeSocket":
        return self

    def getsockopt(self, *_: int) -> bytes:
        self.asked += 1
        if self._milliseconds is None:
            raise OSError
        return bytes(52) + self._milliseconds.to_bytes(4, sys.byteorder)


class Looks:
    """Arrivals by a clock that is set, in a loop that is late by as much as is set."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.clock.now = 10.0
        self.late_s = 0.0
        self.arrivals = Arrivals(self.clock, lambda _: self.late_s)

    def since_s(self, of: FakeSocket, *, is_first: bool = False) -> float:
        return self.arrivals.since_s(of, is_first=is_first)  # type: ignore[arg-type]


async def test_all_that_is_read_after_one_look_counts_from_it() -> None:
    looks, asked = Looks(), FakeSocket(50)
    for _ in range(3):
        assert looks.since_s(asked) == 10.0
        looks.clock.now += 0.25
    await turns()
    assert looks.since_s(asked) == 10.75
    assert asked.asked == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux")
@pytest.mark.parametrize(
    ("milliseconds", "is_first", "late_s", "before_s"),
    [
        (50, False, 0.2, 0.05),
        (300, False, 0.2, 0.3),
        (4, False, 0.2, 0.0),
        (None, False, 0.2, 0.2),
        (50, True, 0.0, 0.05),
        (4, True, 0.0, 0.0),
        (None, True, 0.0, 0.0),
        (50, False, LEAST_S / 2, 0.0),
    ],
)
async def test_a_late_loop_and_a_new_connection_ask_the_kernel(
    milliseconds: int | None, is_first: bool, late_s: float, before_s: float
) -> None:
    looks = Looks()
    looks.late_s = late_s
    assert looks.since_s(FakeSocket(milliseconds), is_first=is_first) == pytest.approx(10.0 - before_s)


async def known(service: Served) -> Peer:
    """A connection that has had an answer."""
    peer = await service.connect()
    peer.writer.write(LIVE)
    assert (await peer.answer()).status == 200
    return peer


async def metrics(service: Served) -> str:
    peer = await service.connect()
    peer.writer.write(b"GET /metrics HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n")
    return (await peer.rest()).decode()


async def seconds_of(service: Served, outcome: str) -> float:
    """The time of all requests that ended so."""
    pattern = (
        rf'^polyparse_request_seconds_sum{{endpoint="parse",outcome="{outcome}",version="[^"]*"}} (\S+)$'
    )
    found = re.search(pattern, await metrics(service), re.MULTILINE)
    assert found is not None
    return float(found[1])


async def test_time_in_a_socket_that_a_busy_loop_does_not_read_is_the_requests() -> None:
    async with served() as service:
        peer = await known(service)
        peer.writer.write(post(text("a")))
        time.sleep(BUSY_S)  # noqa: ASYNC251 - the loop is kept from its work
        assert (await peer.answer()).status == 200
        assert await seconds_of(service, "ok") >= BUSY_S - STEP_S


async def test_time_in_the_queue_of_a_listening_socket_is_the_requests() -> None:
    async with served() as service:
        address = service.server.servers[0].sockets[0].getsockname()
        caller = socket.create_connection(address)
        caller.sendall(post(text("a")))
        time.sleep(BUSY_S)  # noqa: ASYNC251 - as above
        peer = Peer(*await asyncio.open_connection(sock=caller))
        service.peers.append(peer)
        assert (await peer.answer()).status == 200
        assert await seconds_of(service, "ok") >= BUSY_S - STEP_S


async def test_a_refusal_by_the_head_has_its_time_too() -> None:
    async with served() as service:
        peer = await known(service)
        with service.full():
            peer.writer.write(post(text("a")))
            time.sleep(BUSY_S)  # noqa: ASYNC251 - as above
            assert (await peer.answer()).status == 429
        assert await seconds_of(service, "refused") >= BUSY_S - STEP_S


async def test_a_head_in_pieces_counts_from_its_first_one() -> None:
    async with served() as service:
        peer = await known(service)
        whole = post(text("a"))
        peer.writer.write(whole[:10])
        (connection,) = service.server.server_state.connections
        await until(lambda: connection._is_in_head)  # type: ignore[union-attr]
        time.sleep(BUSY_S)  # noqa: ASYNC251 - as above
        peer.writer.write(whole[10:])
        assert (await peer.answer()).status == 200
        assert await seconds_of(service, "ok") >= BUSY_S - STEP_S


async def test_open_connections_are_shown() -> None:
    async with served() as service:
        for _ in range(3):
            await known(service)
        assert "\npolyparse_connections 4.0\n" in await metrics(service)
