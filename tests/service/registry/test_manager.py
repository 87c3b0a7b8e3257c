"""A version that somebody holds is never closed, and what serves goes on serving when a new bundle is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from polyparse.bundle.store import Located
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ChecksumMismatch
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.errors import NotReady, ShuttingDown
from service.metrics import Metrics
from service.registry.loaded import Loaded, Loader, ModelVersion
from service.registry.manager import Manager
from service.registry.policy import VersionState
from service.registry.version import Version
from tests.service.fakes import BOUND_S, FakeClock, FakeParser, loader_of, located, read_words, turns

pytestmark = pytest.mark.anyio


class Announcements:
    """Remembers which version serves, and which ones are gone."""

    def __init__(self) -> None:
        self.served: list[ModelVersion] = []
        self.closed: list[ModelVersion] = []

    def serves(self, version: ModelVersion) -> None:
        self.served.append(version)

    def gone(self, version: ModelVersion) -> None:
        self.closed.append(version)


def loader() -> Loader:
    """Loads whatever version is asked for, and refuses version "bad"."""
    load_good = loader_of(FakeParser())

    def load(bundle: Located) -> Loaded:
        if bundle.bundle.name == "bad":
            raise ChecksumMismatch("found 3 bytes, expected 4", file=bundle.bundle / "score.onnx")
        return load_good(bundle)

    return load


def batcher_of(loaded: Loaded) -> Batcher[Any, Frame]:
    limits = Limits(queue_tokens=100, batch_tokens=64)
    observer = Metrics().of_version(loaded.identity)
    return Batcher(loaded.parser.run, limits=limits, threads=1, clock=FakeClock(), observer=observer)


@asynccontextmanager
async def registry(announcements: Announcements | None = None) -> AsyncIterator[Manager]:
    observer = announcements or Announcements()
    manager = Manager(load=loader(), make_batcher=batcher_of, observer=observer)
    try:
        yield manager
    finally:
        await manager.close(BOUND_S)


async def parse(version: Version, text: str) -> Frame:
    return (await version.batcher.submit(version.parser.prepare(Utterance(text)))).frame


def answers(version: Version) -> bool:
    """Whether the version's batcher still takes work."""
    try:
        version.batcher.submit(version.parser.prepare(Utterance("a"))).cancel()
    except ShuttingDown:
        return False
    return True


async def test_nothing_serves_before_a_bundle_is_loaded() -> None:
    async with registry() as manager:
        with pytest.raises(NotReady):
            manager.lease()


async def test_a_loaded_version_serves_and_is_announced() -> None:
    announcements = Announcements()
    async with registry(announcements) as manager:
        await manager.serve(located("1"))
        with manager.lease() as version:
            assert await parse(version, "a b") == read_words(Utterance("a b"))
        assert announcements.served == [ModelVersion("words", "1", "d1")]
        assert announcements.closed == []


async def test_a_held_version_outlives_the_switch_and_goes_with_its_last_lease() -> None:
    announcements = Announcements()
    async with registry(announcements) as manager:
        await manager.serve(located("1"))
        with manager.lease() as old:
            with manager.lease():
                await manager.serve(located("2"))
            assert announcements.closed == []
            assert (old.state, old.leases) == (VersionState.RETIRED, 1)
            assert await parse(old, "a") == read_words(Utterance("a"))
            with manager.lease() as new:
                assert new.identity.version == "2"
        await turns()
        assert old.state is VersionState.CLOSED
        assert not answers(old)
        assert answers(new)
        assert [version.version for version in announcements.served] == ["1", "2"]
        assert announcements.closed == [ModelVersion("words", "1", "d1")]


async def test_a_version_that_nobody_holds_goes_at_the_switch() -> None:
    async with registry() as manager:
        await manager.serve(located("1"))
        old = manager.serving
        await manager.serve(located("2"))
        await turns()
        assert old is not None
        assert old.state is VersionState.CLOSED


async def test_a_refused_bundle_leaves_what_serves() -> None:
    async with registry() as manager:
        await manager.serve(located("1"))
        with pytest.raises(ChecksumMismatch, match=r"score\.onnx"):
            await manager.serve(located("bad"))
        with manager.lease() as version:
            assert version.identity.version == "1"
            assert await parse(version, "a") == read_words(Utterance("a"))


async def test_a_lease_is_given_back_when_the_request_fails() -> None:
    async with registry() as manager:
        await manager.serve(located("1"))
        with pytest.raises(LookupError), manager.lease() as version:
            raise LookupError
        assert version.leases == 0


async def test_a_closed_manager_leases_nothing() -> None:
    async with registry() as manager:
        await manager.serve(located("1"))
        await manager.close(BOUND_S)
        with pytest.raises(NotReady):
            manager.lease()
