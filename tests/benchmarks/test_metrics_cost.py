"""The server without records serves as the one with them does, and records nothing."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from benchmarks import unmetered
from service import cli
from tests.service.http.peers import post, served, text

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let services that start be without records, as `main` does."""
    for module, name, _ in unmetered.PARTS:
        monkeypatch.setattr(module, name, getattr(module, name))  # It is undone in the end.
    ran: list[Sequence[str]] = []

    def run(argv: Sequence[str]) -> int:
        ran.append(argv)
        return 0

    monkeypatch.setattr(cli, "main", run)
    assert unmetered.main(["--port", "1"]) == 0
    assert ran == [["--port", "1"]]


@pytest.mark.usefixtures("silent")
async def test_without_records_requests_are_answered_and_not_counted() -> None:
    async with served() as service:
        peer = await service.connect()
        for words in ("a b", "", "poison"):
            peer.writer.write(post(text(words)))
        assert [(await peer.answer()).status for _ in range(3)] == [200, 422, 500]
        with service.full():
            peer.writer.write(post(text("a")))
            assert (await peer.answer()).status == 429
        other = await service.connect()
        other.writer.write(b"GET /metrics HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n")
        shown = (await other.rest()).decode()
        recorded = (
            r"^polyparse_(?:requests|utterances|stage|request|frame|frames)_(?:total|seconds|confidence).*"
        )
        assert re.findall(recorded, shown, re.MULTILINE) == []
        await asyncio.sleep(0)
