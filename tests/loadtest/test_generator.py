"""Every request is sent at its moment, and ends once, however the service behaves."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count, pairwise, repeat
from typing import TYPE_CHECKING

import pytest

from loadtest.errors import ServiceAbsent
from loadtest.generator import BATCH, OpenLoop, Post
from loadtest.mix import PARSE, http_post
from loadtest.service import free_port
from tests.loadtest.site import BOUND_S, HANG_UP, NONE, OK, Heard, Said, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loadtest.address import Address
    from loadtest.points import Point

EVERY_20_MS = [number / 50 for number in range(25)]


def offered(
    address: Address,
    moments: Sequence[float] = EVERY_20_MS,
    *,
    kind: str = PARSE,
    connections: int = 100,
    timeout_s: float = 10.0,
) -> list[Point]:
    """The points of a load, in the order of their moments."""

    async def main() -> list[Point]:
        loop = OpenLoop(address, connections=connections, timeout_s=timeout_s)
        post = Post(http_post(address, "/parse", {"text": "hello"}), kind)
        async with asyncio.timeout(BOUND_S):
            await loop.offer(moments, repeat(post), asyncio.Event())
        return sorted(loop.points, key=lambda point: point.intended_s)

    return asyncio.run(main())


def answers(answer: Callable[[Heard], Said]) -> list[Point]:
    with serving(answer) as (address, _):
        return offered(address)


def test_each_request_is_sent_once_and_not_before_its_moment() -> None:
    with serving(lambda _: Said()) as (address, heard):
        points = offered(address)
    assert [point.intended_s for point in points] == pytest.approx(EVERY_20_MS)
    assert all(point.turned_s >= point.intended_s for point in points)
    assert {(point.outcome, point.status, point.version) for point in points} == {("ok", 200, "1")}
    assert len(heard) == len(EVERY_20_MS)


def test_a_service_that_stops_owes_an_answer_to_all_who_call_meanwhile() -> None:
    """All answers of the first 0.4 s come at its end: each caller waits from his own moment to there."""
    with serving(lambda heard: Said(after_s=max(0.0, 0.4 - heard.number / 50))) as (address, _):
        points = offered(address)
    for point in points[:20]:
        assert point.done_s >= 0.4
        assert point.latency_s >= 0.4 - point.intended_s
    assert len({round(point.latency_s, 2) for point in points[:20]}) > 10


OUTCOMES = {
    "reset": Said(HANG_UP),
    "garbled": Said(b"SSH-2.0-server\r\n\r\n"),
    "refused": Said(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"),
    "rejected": Said(b"HTTP/1.1 422 Unprocessable\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "ok": Said(b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    "error": Said(b"HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
}


@pytest.mark.parametrize(("outcome", "said"), OUTCOMES.items(), ids=OUTCOMES)
def test_whatever_the_service_does_has_its_outcome(outcome: str, said: Said) -> None:
    points = answers(lambda _: said)
    assert Counter(point.outcome for point in points) == {outcome: len(EVERY_20_MS)}


def test_what_is_not_answered_in_time_has_failed_and_harms_no_other() -> None:
    with serving(lambda heard: Said(NONE, 5) if heard.number % 5 == 0 else Said()) as (address, _):
        points = offered(address, timeout_s=1.0)
    found = Counter(point.outcome for point in points)
    assert found == {"ok": 20, "timed out": 5}
    assert all(1.0 <= point.latency_s < 5 for point in points if point.outcome == "timed out")


def test_a_request_that_finds_no_connection_left_is_unsent() -> None:
    with serving(lambda _: Said(after_s=3.0)) as (address, heard):
        points = offered(address, connections=10)
        assert len(heard) == 10
    assert Counter(point.outcome for point in points) == {"ok": 10, "unsent": 15}


def test_stages_and_version_come_from_the_answer() -> None:
    content = OK.replace(b"\r\n\r\n", b"\r\nserver-timing: encode;dur=1.5\r\n\r\n", 1)
    (point, *_) = answers(lambda _: Said(content))
    assert point.stages_ms == {"encode": 1.5}


def test_of_a_batch_each_item_is_looked_at() -> None:
    body = b'{"results": [{"text": "a"}, {"status": 429}]}'
    content = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with serving(lambda _: Said(content)) as (address, _):
        points = offered(address, [0.0], kind=BATCH)
    assert [point.outcome for point in points] == ["refused"]


def test_an_answer_that_nobody_asked_for_ends_its_connection_alone() -> None:
    points = answers(lambda heard: Said(OK + OK) if heard.number == 3 else Said())
    assert Counter(point.outcome for point in points) == {"ok": len(EVERY_20_MS)}


def test_where_nobody_listens_nothing_begins() -> None:
    with serving(lambda _: Said()) as (address, _):
        free = address._replace(port=free_port())
    with pytest.raises(ServiceAbsent, match="found nobody who listens"):
        offered(free)


def test_past_the_bound_requests_wait_for_a_connection_in_their_order_where_they_may() -> None:
    async def main(address: Address) -> list[Point]:
        loop = OpenLoop(address, connections=1, timeout_s=10.0, first=1, most_waiting=5)
        post = Post(http_post(address, "/parse", {"text": "hello"}), PARSE)
        await loop.offer([0.0] * 8, repeat(post), asyncio.Event())
        return loop.points

    with serving(lambda _: Said()) as (address, heard):
        points = asyncio.run(main(address))
    assert Counter(point.outcome for point in points) == {"ok": 6, "unsent": 2}
    assert len(heard) == 6
    sent = [point.sent_s for point in points if point.sent_s is not None]
    assert sent == sorted(sent)
    assert all(after.sent_s >= before.done_s for before, after in pairwise(points[2:]) if after.sent_s)


def test_one_that_waits_longer_than_its_time_out_is_never_sent_and_another_connection_takes_the_next() -> (
    None
):
    async def main(address: Address) -> list[Point]:
        loop = OpenLoop(address, connections=1, timeout_s=1.5, first=1, most_waiting=5)
        post = Post(http_post(address, "/parse", {"text": "hello"}), PARSE)
        await loop.offer([0.0, 0.0, 1.2], repeat(post), asyncio.Event())
        return sorted(loop.points, key=lambda point: point.intended_s)

    with serving(lambda heard: Said() if heard.number else Said(NONE)) as (address, heard):
        points = asyncio.run(main(address))
    assert [points[0].outcome, points[2].outcome] == ["timed out", "ok"]
    assert len(heard) == sum(point.sent_s is not None for point in points)


def test_it_stops_when_it_is_told_and_waits_for_what_was_sent() -> None:
    async def main(address: Address) -> list[Point]:
        loop = OpenLoop(address, connections=10, timeout_s=10.0)
        post = Post(http_post(address, "/parse", {"text": "hello"}), PARSE)
        started = asyncio.Event()
        offering = asyncio.create_task(loop.offer(count_of(100.0), repeat(post), started))
        await started.wait()
        while not loop.points:  # noqa: ASYNC110 - the generator's list
            await asyncio.sleep(0.001)
        loop.stop()
        await offering
        return loop.points

    with serving(lambda _: Said()) as (address, heard):
        points = asyncio.run(main(address))
    assert len(heard) == len(points)
    assert {point.outcome for point in points} == {"ok"}


def count_of(per_s: float) -> Iterator[float]:
    """Moments at equal distances, without an end."""
    return (number / per_s for number in count())
