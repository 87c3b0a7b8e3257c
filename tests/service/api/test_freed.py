"""A request that ends with an error is freed with its answer: the garbage collector would stop everybody to free many."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING

import pytest

from service.admission import AdmissionControl
from service.line import WaitingLine
from tests.service.http.peers import post, served, text

if TYPE_CHECKING:
    from tests.service.http.peers import Served

pytestmark = pytest.mark.anyio
TIMES = 20
FEW = 5
"""Objects a request, of which one that is not freed leaves forty."""
BATCH = json.dumps({"items": [{"text": "a b"}, {"text": " "}]}).encode()
REQUESTS = {
    "frame": (post(text("wake me")), 200),
    "empty": (post(text(" ")), 422),
    "no JSON": (post(b'{"text"'), 400),
    "unknown field": (post(b'{"text": "a", "x": 1}'), 422),
    "too long": (post(text("x" * 200)), 422),
    "unknown locale": (post(b'{"text": "a", "locale": "xx-XX"}'), 422),
    "absent version": (post(text("a"), b"x-model-version: 9"), 404),
    "deadline": (post(text("a"), b"x-deadline-ms: 0"), 400),
    "fault in a batch": (
        b"POST /parse/batch HTTP/1.1\r\nhost: s\r\ncontent-length: %d\r\n\r\n%b" % (len(BATCH), BATCH),
        200,
    ),
}


async def left_by(service: Served, request: bytes, status: int) -> float:
    """Objects that a request leaves to the collector."""
    peer = await service.connect()
    gc.collect()
    gc.disable()
    try:
        for _ in range(TIMES):
            peer.writer.write(request)
            assert (await peer.answer()).status == status
        return gc.collect() / TIMES
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", REQUESTS)
async def test_it_leaves_nothing_to_the_collector(kind: str) -> None:
    request, status = REQUESTS[kind]
    async with served(max_text_chars=100) as service:
        assert await left_by(service, request, status) < FEW


async def test_nor_does_one_that_finds_no_room_by_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as service:
        monkeypatch.setattr(AdmissionControl, "admits_head", lambda *_: True)
        monkeypatch.setattr(WaitingLine, "admits", lambda *_, **__: False)
        assert await left_by(service, post(text("wake me")), 429) < FEW


async def test_nor_does_one_whose_deadline_comes_while_it_waits() -> None:
    async with served() as service:
        with service.parser.gate.held():
            running = await service.connect()
            running.writer.write(post(text("first")))
            await service.parser.gate.batch()
            assert await left_by(service, post(text("a"), b"x-deadline-ms: 1"), 504) < FEW
        assert (await running.answer()).status == 200
