"""Whoever of the workers answers, a scrape gives the whole, and never less than the one before."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from service.metrics.definitions import GAUGES, RESTARTS, VERSIONS
from service.metrics.labels import OK
from service.metrics.metrics import Metrics
from service.registry.loaded import ModelVersion
from service.registry.policy import VersionState
from service.registry.version import Version
from service.workers import board as news
from service.workers.board import STATUS, Board
from service.workers.place import Place
from service.workers.publication import Publication
from tests.service.fakes import located

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

WORKERS = 3


class Worker:
    """Metrics of a worker, and its publication."""

    def __init__(self, folder: Path, number: int) -> None:
        self.metrics = Metrics()
        place = Place(number, WORKERS, 0, folder, 0)
        self.publication = Publication(
            place, self.metrics.registry, rules=GAUGES, versions=VERSIONS, restarts=RESTARTS
        )
        self.versions: list[str] = []
        self.load("1")

    def load(self, number: str) -> None:
        """A version is loaded."""
        self.metrics.of_version(identity(number))
        self.versions.append(number)
        self._tell()

    def close(self, number: str) -> None:
        """A version goes."""
        self.metrics.gone(identity(number))
        self.versions.remove(number)
        self._tell()

    def answer(self, version: str, times: int = 1) -> None:
        """Answer some requests."""
        for _ in range(times):
            self.metrics.answered("parse", OK, version, 0.01)

    def _tell(self) -> None:
        versions = [Version(located(number), VersionState.SERVING) for number in self.versions]
        for listener in (self.metrics.versions, self.publication.changed):
            listener(versions, 7)

    async def requests(self, version: str) -> float | None:
        """What this worker answers to a scrape."""
        series = f'polyparse_requests_total{{endpoint="parse",outcome="ok",version="{version}"}}'
        return (await self.samples()).get(series)

    async def samples(self) -> dict[str, float]:
        """All that it answers."""
        lines = (await self.publication.scrape()).decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


def identity(number: str) -> ModelVersion:
    return ModelVersion("words", number, f"d{number}")


@asynccontextmanager
async def workers_at(folder: Path) -> AsyncIterator[list[Worker]]:
    workers = [Worker(folder, number) for number in range(WORKERS)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.publication.close()


def killed(workers: list[Worker], number: int) -> None:
    """End a worker as kill -9 does, as far as others see it: it publishes nothing more, and the supervisor tidies up."""
    publication = workers[number].publication
    publication._timer.cancel()
    publication._bell.close()
    publication.board.forget()


async def test_a_scrape_of_any_worker_has_what_all_have_counted_until_now(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        for times, worker in enumerate(workers, start=1):
            worker.answer("1", times)
        assert [await worker.requests("1") for worker in workers] == [6, 6, 6]
        seconds = 'polyparse_request_seconds_bucket{endpoint="parse",le="+Inf",outcome="ok",version="1"}'
        assert (await workers[0].samples())[seconds] == 6


async def test_no_scrape_gives_less_than_one_before_it_whoever_answers(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        last = 0.0
        for turn in range(30):
            workers[turn % WORKERS].answer("1")
            requests = await workers[turn * 7 % WORKERS].requests("1")
            assert requests is not None
            assert requests > last
            last = requests


async def test_no_counter_falls_when_a_worker_dies_nor_when_another_takes_its_place(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        for worker in workers:
            worker.answer("1", 5)
        before = await workers[0].samples()
        killed(workers, 2)
        dead = await workers[0].samples()
        workers[2] = Worker(tmp_path, 2)
        replaced = await workers[1].samples()
        workers[2].answer("1")
        assert await workers[2].requests("1") == 16
        for samples in (dead, replaced):
            assert {
                name for name in before if name.endswith("_total") and samples[name] < before[name]
            } == set()
            assert samples['polyparse_request_seconds_count{endpoint="parse",outcome="ok",version="1"}'] == 15


async def test_a_version_that_is_gone_from_one_worker_keeps_its_counts_until_it_is_gone_from_all(
    tmp_path: Path,
) -> None:
    async with workers_at(tmp_path) as workers:
        for worker in workers:
            worker.answer("1", 5)
            worker.load("2")
        assert await workers[0].requests("1") == 15
        for worker in workers:
            assert await worker.requests("1") == 15
            worker.close("1")
        for worker in workers:
            assert [name for name in await worker.samples() if 'version="1"' in name] == []


async def test_counts_of_a_dead_worker_go_with_their_version(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        for worker in workers:
            worker.answer("1", 5)
            worker.load("2")
        await workers[0].requests("1")
        killed(workers, 2)
        workers[0].close("1")
        assert await workers[0].requests("1") == 15
        workers[1].close("1")
        assert await workers[0].requests("1") is None
        workers[2] = Worker(tmp_path, 2)
        workers[2].load("2")
        workers[2].close("1")
        assert await workers[1].requests("1") is None


async def test_exemplars_are_the_latest_of_the_living(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        for number, worker in enumerate(workers):
            worker.metrics.answered("parse", OK, "1", 0.01, {"trace_id": f"t{number}"})
        text = (await workers[0].publication.scrape_open()).decode()
        assert re.findall(
            r"^polyparse_request_seconds_bucket\{.*} (\S+) # \{(.*)} 0.01 ", text, re.MULTILINE
        ) == [("3.0", 'trace_id="t2"')]
        assert text.endswith("# EOF\n")
        killed(workers, 2)
        assert 'trace_id="t1"' in (await workers[0].publication.scrape_open()).decode()
        workers[2] = Worker(tmp_path, 2)


async def test_gauges_are_those_of_the_living(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        for depth, worker in enumerate(workers, start=1):
            worker.metrics.watched.queue(lambda depth=depth: depth, lambda depth=depth: depth / 10)  # type: ignore[misc]
        samples = await workers[0].samples()
        assert samples["polyparse_queue_tokens"] == 6
        assert samples["polyparse_queue_age_seconds"] == 0.3
        assert samples["polyparse_swap_generation"] == 7
        assert samples['polyparse_version_info{digest="",state="serving",version="1"}'] == 3
        killed(workers, 2)
        samples = await workers[0].samples()
        assert samples["polyparse_queue_tokens"] == 3
        assert samples['polyparse_version_info{digest="",state="serving",version="1"}'] == 2
        workers[2] = Worker(tmp_path, 2)


async def test_restarts_that_the_supervisor_counted_are_those_of_all(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        assert (await workers[1].samples())[RESTARTS] == 0
        for number, restarts in ((0, 2), (2, 1)):
            Board(tmp_path, number).publish(news.RESTARTS, str(restarts).encode())
        assert [(await worker.samples())[RESTARTS] for worker in workers] == [3, 3, 3]
        killed(workers, 2)
        assert (await workers[0].samples())[RESTARTS] == 3
        workers[2] = Worker(tmp_path, 2)


async def test_every_worker_shows_its_versions(tmp_path: Path) -> None:
    async with workers_at(tmp_path) as workers:
        workers[1].load("2")
        shown = {
            number: json.loads(news) for number, news in workers[0].publication.board.read(STATUS).items()
        }
        assert {number: status["generation"] for number, status in shown.items()} == {0: 7, 1: 7, 2: 7}
        assert [each["version"] for each in shown[1]["versions"]] == ["1", "2"]
        assert [each["state"] for each in shown[0]["versions"]] == ["serving"]


async def test_where_nothing_can_be_published_requests_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workers_at(tmp_path) as workers:
        monkeypatch.setattr(workers[0].publication.board, "_folder", tmp_path / "gone")
        workers[0].answer("1")
        await workers[0].samples()
        workers[0].publication.publish()
        said = [record for record in caplog.records if "do not see what this one counts" in record.message]
        assert len(said) == 1


def test_every_gauge_says_how_those_of_several_workers_combine() -> None:
    families = [
        line.split(" ")[2:] for line in Metrics().render().decode().splitlines() if line.startswith("# TYPE ")
    ]
    gauges = {name for name, kind in families if kind == "gauge"}
    assert gauges | {f"polyparse_accelerator_{what}" for what in ("memory_bytes", "busy_ratio")} == set(
        GAUGES
    )
