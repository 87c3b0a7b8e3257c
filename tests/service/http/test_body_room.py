"""All bodies together have a bound; where it is reached, the one that has been coming for the longest time makes room."""

import gzip

import pytest

from polyparse.errors import PolyparseError
from service.errors import QueueFull
from service.http.body_room import BodyRoom
from tests.service.fakes import until
from tests.service.http.peers import Served, post, served, text

pytestmark = pytest.mark.anyio

MOST = 4000
BODY = text("word").ljust(1000)
BEGUN = post(BODY)[:-1]
BATCH = b'{"items": []}'.ljust(3500)


class FakeHolder:
    """Drops its body, and keeps why it was refused."""

    def __init__(self, room: BodyRoom) -> None:
        self._room, self._bytes = room, 0
        self.refused: list[PolyparseError] = []

    def read(self, size: int) -> None:
        self._bytes += size
        self._room.take(self, size)

    def refuse(self, error: PolyparseError) -> None:
        self.refused.append(error)
        self._room.release(self._bytes)


def test_the_one_that_came_first_makes_room_until_the_rest_fits() -> None:
    room = BodyRoom(100)
    first, second, third = (FakeHolder(room) for _ in range(3))
    for holder in (first, second, first):
        holder.read(30)
    assert not first.refused
    third.read(30)
    assert [type(each) for each in first.refused] == [QueueFull]
    assert not second.refused
    assert not third.refused
    assert room.held == 60


def test_one_that_is_whole_makes_no_room_and_none_that_is_coming_grows_past_the_bound() -> None:
    room = BodyRoom(100)
    whole, other = FakeHolder(room), FakeHolder(room)
    whole.read(90)
    room.is_whole(whole)
    other.read(30)
    assert other.refused
    assert not whole.refused


def test_one_that_inflates_is_refused_where_nobody_can_make_room() -> None:
    room = BodyRoom(100)
    room.grow(90)
    with pytest.raises(QueueFull):
        room.grow(20)
    room.release(90)
    assert room.held == 0


async def begin(service: Served, request: bytes = BEGUN) -> None:
    """Send it over a connection of its own, and see its body held."""
    peer, before = await service.connect(), service.bodies.held
    peer.writer.write(request)
    await until(lambda: service.bodies.held != before or len(service.server.server_state.tasks) == 0)


async def test_bodies_that_are_begun_and_not_ended_hold_no_more_than_the_bound() -> None:
    async with served(max_bodies_bytes=MOST) as service:
        for _ in range(4):
            await begin(service)
        assert service.bodies.held == 4 * (len(BODY) - 1)
        late = await service.connect()
        late.writer.write(post(BODY))
        assert (await late.answer()).status == 200
        refused = await service.peers[0].answer()
        assert (refused.status, refused.body["code"]) == (429, "queue_full")
        assert "retry-after: 1" in refused.head
        assert await service.peers[0].rest() == b""
        service.peers[1].writer.write(BODY[-1:])
        assert (await service.peers[1].answer()).status == 200
        assert service.bodies.held == 2 * (len(BODY) - 1)
        await service.ends_empty()


async def test_one_that_is_behind_another_request_is_refused_in_its_turn() -> None:
    async with served(max_bodies_bytes=MOST) as service:
        with service.parser.gate.held():
            peer = await service.connect()
            peer.writer.write(post(text("first")))
            await service.parser.gate.batch()
            held = service.bodies.held
            peer.writer.write(BEGUN)
            await until(lambda: service.bodies.held > held)
            await begin(service, post(BATCH)[:-1])
        assert (await peer.answer()).body["text"] == "first"
        assert (await peer.answer()).status == 429
        await service.ends_empty()


async def test_what_is_dropped_is_not_held() -> None:
    """The rest of a body whose answer is out."""
    async with served(max_bodies_bytes=MOST) as service:
        peer = await service.connect()
        peer.writer.write(post(BODY, b"content-type: text/plain")[:-500])
        assert (await peer.answer()).status == 415
        assert service.bodies.held == 0
        await service.ends_empty()


async def test_what_a_body_inflates_to_counts() -> None:
    async with served(max_bodies_bytes=MOST) as service:
        large = gzip.compress(text("word").ljust(10_000))
        peer = await service.connect()
        peer.writer.write(post(large, b"content-encoding: gzip"))
        assert (await peer.answer()).status == 429
        peer.writer.write(post(gzip.compress(BODY), b"content-encoding: gzip"))
        assert (await peer.answer()).status == 200
        await service.ends_empty()
