"""What is refused by its head: before its body is read, in the words of any other refusal, and counted out in the end."""

import asyncio
import json

import pytest

from service.http.pace import BURST
from tests.service.fakes import until
from tests.service.http.peers import LIVE, Served, post, served, text

pytestmark = pytest.mark.anyio


def fill(service: Served, tokens_per_s: float = 1000.0) -> None:
    """Let it be known as slow, and full."""
    service.admission.light.tokens_per_s = tokens_per_s
    service.admission.light.inside += 100_000


def empty(service: Served) -> None:
    """Let what `fill` put in be gone."""
    service.admission.light.inside -= 100_000


async def test_a_full_service_refuses_before_the_body_has_come() -> None:
    async with served() as service:
        fill(service)
        peer = await service.connect()
        whole = post(text("wake me"), b"x-request-id: mine")
        peer.writer.write(whole[:-5])
        answer = await peer.answer()
        assert (answer.status, answer.body["code"], answer.body["request_id"]) == (429, "queue_full", "mine")
        assert "x-request-id: mine" in answer.head
        assert int(answer.head.partition("retry-after: ")[2].partition("\r\n")[0]) == 60
        empty(service)
        peer.writer.write(whole[-5:] + post(text("again")))
        assert (await peer.answer()).body["text"] == "again"


async def test_who_sends_many_requests_ahead_has_one_place_at_a_time() -> None:
    """Those behind it wait for their own turn, and keep nobody else out."""
    async with served() as service:
        with service.parser.gate.held():
            ahead, other = await service.connect(), await service.connect()
            ahead.writer.write(16 * post(text("word " * 46)))
            await service.parser.gate.batch()
            (connection,) = (each for each in service.server.server_state.connections if each.pipeline)  # type: ignore[union-attr]
            await until(lambda: len(connection.pipeline) == 15)  # type: ignore[union-attr]
            assert service.admission.light.arriving == 0
            other.writer.write(post(text("mine")))
        assert (await other.answer()).status == 200
        assert [(await ahead.answer()).status for _ in range(16)] == [200] * 16
        await service.ends_empty()


async def test_other_routes_are_not_asked() -> None:
    async with served() as service:
        fill(service)
        peer = await service.connect()
        peer.writer.write(LIVE)
        assert (await peer.answer()).status == 200


async def test_a_refusal_waits_for_the_answer_before_it() -> None:
    async with served() as service:
        peer = await service.connect()
        with service.parser.gate.held():
            peer.writer.write(post(text("first")))
            await service.parser.gate.batch()
            fill(service)
            peer.writer.write(post(text("second")) + LIVE)
            await until(lambda: len(service.server.server_state.tasks) == 1)
        assert (await peer.answer()).body["text"] == "first"
        assert (await peer.answer()).body["code"] == "queue_full"
        assert (await peer.answer()).status == 200


async def test_who_cannot_wait_is_told_so_at_once() -> None:
    async with served() as service:
        service.admission.light.tokens_per_s = 1000.0
        service.admission.light.inside += 40
        peer = await service.connect()
        peer.writer.write(post(text("wake me"), b"x-deadline-ms: 10"))
        assert (await peer.answer()).body["code"] == "deadline_exceeded"
        peer.writer.write(post(text("wake me"), b"x-deadline-ms: 5000"))
        assert (await peer.answer()).status == 200


async def test_one_that_expects_to_be_told_to_go_on_is_told_no_and_its_connection_ends() -> None:
    async with served() as service:
        fill(service)
        peer = await service.connect()
        peer.writer.write(post(b"", b"expect: 100-continue").replace(b"length: 0", b"length: 9"))
        assert (await peer.answer()).status == 429
        assert await peer.rest() == b""


async def test_past_a_rate_refusals_come_by_turns() -> None:
    async with served() as service:
        fill(service)
        peer = await service.connect()
        for _ in range(BURST + 50):
            peer.writer.write(post(text("wake me")))
        statuses = {(await peer.answer()).status for _ in range(BURST + 50)}
        assert statuses == {429}
        peer.writer.write(LIVE)
        assert (await peer.answer()).status == 200


@pytest.mark.parametrize("way", ["answered", "reset", "refused", "batch"])
async def test_what_has_left_is_counted_out(way: str) -> None:
    async with served() as service:
        peer = await service.connect()
        items = {"items": [{"text": f"word{i}"} for i in range(50)] + [{"text": ""}]}
        with service.parser.gate.held():
            match way:
                case "batch":
                    body = json.dumps(items).encode()
                    peer.writer.write(post(body).replace(b"/parse", b"/parse/batch", 1))
                case "refused":
                    peer.writer.write(post(b"{}"))
                case _:
                    peer.writer.write(post(text("wake me")))
            await until(lambda: service.admission.inside > 0 or way == "refused")
            if way == "reset":
                peer.writer.transport.abort()
        if way != "reset":
            await peer.answer()
        await until(lambda: service.admission.inside == 0)


async def test_a_text_that_is_longer_than_its_head_said_finds_room_or_not_by_its_own_size() -> None:
    async with served(max_text_chars=100_000, max_body_bytes=1_000_000) as service:
        service.admission.heavy.tokens_per_s = 20_000.0
        service.admission.heavy.inside += 900
        service.admission.heavy.requests += 1
        peer = await service.connect()
        peer.writer.write(post(text("word " * 5000)))
        assert (await peer.answer()).body["code"] == "queue_full"
        assert service.admission.inside == 900
        peer.writer.write(post(text("word")))
        assert (await peer.answer()).status == 200
        await asyncio.sleep(0)
