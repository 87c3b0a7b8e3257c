"""A body is read no further than its limit, and a caller who hangs up is noticed without waiting."""

import asyncio
from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive

from service.api.body import hung_up, read_body
from service.errors import BodyTooLarge, CallerDeparted
from tests.service.fakes import in_loop


def channel(messages: Iterable[Message]) -> Receive:
    """Receives these messages, and then waits for ever, as a server does while the caller is there."""
    left = iter(messages)

    async def receive() -> Message:
        for message in left:
            return message
        silence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await silence

    return receive


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


@in_loop
async def test_a_body_in_parts_is_put_together() -> None:
    parts = [part(b"ab", more=True), part(b"", more=True), part(b"c", more=True), part(b"")]
    assert await read_body(channel(parts), 3) == b"abc"


@in_loop
async def test_nothing_is_received_after_the_first_byte_too_many() -> None:
    left = iter([part(b"ab", more=True), part(b"cd", more=True), part(b"ef", more=True)])
    with pytest.raises(BodyTooLarge):
        await read_body(channel(left), 3)
    assert next(left) == part(b"ef", more=True)


@in_loop
async def test_a_caller_who_hangs_up_halfway_has_departed() -> None:
    with pytest.raises(CallerDeparted):
        await read_body(channel([part(b"ab", more=True), GONE]), 3)


@in_loop
async def test_a_caller_who_waits_is_there_and_one_who_hung_up_is_not() -> None:
    assert not hung_up(channel([]))
    assert hung_up(channel([GONE]))


@in_loop
async def test_a_channel_that_breaks_has_nobody_at_its_end() -> None:
    async def receive() -> Message:
        raise OSError

    assert hung_up(receive)


@in_loop
async def test_asking_leaves_the_channel_as_it_was() -> None:
    closed = asyncio.Event()

    async def receive() -> Message:
        await closed.wait()
        return GONE

    assert [hung_up(receive), hung_up(receive)] == [False, False]
    closed.set()
    assert hung_up(receive)
