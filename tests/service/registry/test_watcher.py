"""The watcher tells of each wish once, keeps the last good one, and tries no bundle that is being copied."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from polyparse.errors import StateInvalid
from service.registry.watcher import Heard, Watcher
from tests.service.fakes import FakeSource, turns, until, wish

pytestmark = pytest.mark.anyio

UNFORESEEN = RecursionError("too deep")
BAD = StateInvalid("found no JSON", file=Path("state.json"))


class Bench(NamedTuple):
    """A watcher over a source that can be set, and what it told."""

    watcher: Watcher
    source: FakeSource
    told: list[Heard]
    memory: dict[str, bool]

    async def heard(self) -> list[Heard]:
        """What it tells after one look."""
        self.told.clear()
        self.watcher.look()
        await turns()
        return list(self.told)


@asynccontextmanager
async def bench(interval_s: float = 3600.0) -> AsyncIterator[Bench]:
    source, told, memory = FakeSource(wish("1", generation=1)), list[Heard](), {"is_short": False}
    watcher = Watcher(
        source, source.read(), told.append, is_memory_short=lambda: memory["is_short"], interval_s=interval_s
    )
    try:
        yield Bench(watcher, source, told, memory)
    finally:
        watcher.stop()


async def test_the_same_wish_again_is_no_news() -> None:
    async with bench() as b:
        assert await b.heard() == []
        b.source.wished = wish("2", "1", 2)
        assert await b.heard() == [Heard(wish("2", "1", 2), is_readable=True, is_memory_short=False)]
        assert await b.heard() == []


async def test_the_last_good_wish_holds_while_the_state_cannot_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with bench() as b:
        b.source.wished = BAD
        assert await b.heard() == [Heard(wish("1", generation=1), is_readable=False, is_memory_short=False)]
        assert await b.heard() == []
        assert caplog.text.count("state refused, the last good one holds: state.json: found no JSON") == 1
        b.source.wished = wish("1", generation=1)
        assert await b.heard() == [Heard(wish("1", generation=1), is_readable=True, is_memory_short=False)]


async def test_what_nobody_foresaw_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    async with bench() as b:
        b.source.wished = UNFORESEEN
        assert await b.heard() == [Heard(wish("1", generation=1), is_readable=False, is_memory_short=False)]
        assert "found RecursionError (too deep), expected a state" in caplog.text


async def test_a_bundle_is_told_of_when_its_files_have_come_to_rest() -> None:
    async with bench() as b:
        b.source.wished = wish("1", generation=1)._replace(revision="half")
        assert await b.heard() == []
        b.source.wished = wish("1", generation=1)._replace(revision="whole")
        assert await b.heard() == []
        assert [each.desired.revision for each in await b.heard()] == ["whole"]


async def test_a_shortage_of_memory_is_told_while_it_lasts_and_its_end() -> None:
    async with bench() as b:
        b.memory["is_short"] = True
        assert [each.is_memory_short for each in await b.heard()] == [True]
        assert [each.is_memory_short for each in await b.heard()] == [True]
        b.memory["is_short"] = False
        assert [each.is_memory_short for each in await b.heard()] == [False]
        assert await b.heard() == []


async def test_a_candidate_is_told_of_at_once_and_its_repair_when_its_files_have_come_to_rest() -> None:
    async with bench() as b:
        tried = wish("1", generation=2, canary=("2", 5))
        b.source.wished = tried._replace(revision="whole")
        assert [each.desired for each in await b.heard()] == [b.source.wished]
        b.source.wished = tried._replace(revision="half")
        assert await b.heard() == []
        b.source.wished = tried._replace(revision="mended")
        assert await b.heard() == []
        assert [each.desired.revision for each in await b.heard()] == ["mended"]


async def test_it_looks_by_itself_until_it_is_stopped() -> None:
    async with bench(interval_s=0.01) as b:
        b.watcher.start()
        b.source.wished = wish("2")
        await until(lambda: [each.desired for each in b.told] == [wish("2")])
        b.watcher.stop()
        await asyncio.sleep(0)
