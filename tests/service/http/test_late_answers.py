"""Past a pace a refusal is said at its turn; whatever happens meanwhile, it is said, in order, or to nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import pytest

from service.http.pace import FIRST_S, Pace
from tests.service.fakes import until
from tests.service.http.peers import LIVE, Peer, Served, post, served, text

pytestmark = pytest.mark.anyio

WAKE = post(text("wake me"))


@asynccontextmanager
async def late(turn_s: float) -> AsyncIterator[tuple[Served, Peer]]:
    """A full service that says a refusal each so many seconds, and a caller who has just had one."""
    async with served() as service:
        peer = await service.connect()
        peer.writer.write(LIVE)
        assert (await peer.answer()).status == 200
        (connection,) = service.server.server_state.connections
        connection._wire.pace = Pace(share=FIRST_S / turn_s, burst=0)  # type: ignore[union-attr]
        with service.full():
            peer.writer.write(WAKE)
            assert (await peer.answer()).status == 429
            yield service, peer


def waits(service: Served) -> bool:
    """Whether somebody waits for his refusal."""
    return any(each._late_answer for each in service.server.server_state.connections)  # type: ignore[union-attr]


async def test_it_comes_at_its_turn_and_nothing_else_waits_for_it() -> None:
    async with late(0.2) as (service, peer):
        began_s = perf_counter()
        peer.writer.write(WAKE)
        other = await service.connect()
        other.writer.write(LIVE)
        assert (await other.answer()).status == 200
        assert waits(service)
        assert (await peer.answer()).body["code"] == "queue_full"
        assert perf_counter() - began_s >= 0.15


async def test_who_asks_again_after_it_is_looked_at_at_once() -> None:
    async with late(0.05) as (service, peer):
        peer.writer.write(WAKE)
        assert (await peer.answer()).status == 429
        service.admission.light.inside -= 1_000_000
        peer.writer.write(WAKE)
        assert (await peer.answer()).status == 200
        service.admission.light.inside += 1_000_000


async def test_what_was_sent_ahead_is_answered_after_it() -> None:
    async with late(0.05) as (_, peer):
        peer.writer.write(WAKE + LIVE + WAKE + LIVE)
        assert [(await peer.answer()).status for _ in range(4)] == [429, 200, 429, 200]


async def test_what_is_no_request_ends_the_connection_after_it() -> None:
    async with late(30.0) as (_, peer):
        peer.writer.write(WAKE + b"nonsense\r\n\r\n")
        assert [(await peer.answer()).status for _ in range(2)] == [429, 400]
        assert await peer.rest() == b""


async def test_a_body_that_is_not_whole_keeps_nobody_from_it() -> None:
    async with late(0.05) as (_, peer):
        half = len(WAKE) - 5
        peer.writer.write(WAKE[:half])
        assert (await peer.answer()).status == 429
        peer.writer.write(WAKE[half:] + LIVE)
        assert (await peer.answer()).status == 200


async def test_at_the_end_of_the_service_it_is_said_at_once_as_the_last() -> None:
    async with late(30.0) as (service, peer):
        peer.writer.write(WAKE)
        await until(lambda: waits(service))
        service.server.should_exit = True
        answer = await peer.answer()
        assert (answer.status, "connection: close" in answer.head) == (429, True)
        assert await peer.rest() == b""


async def test_who_hangs_up_meanwhile_leaves_nothing_behind() -> None:
    async with late(0.05) as (service, peer):
        peer.writer.write(WAKE)
        await until(lambda: waits(service))
        peer.writer.transport.abort()
        await until(lambda: not service.server.server_state.connections)
