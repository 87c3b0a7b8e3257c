"""A version that somebody holds is never closed, and what serves goes on serving when a new bundle is refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from polyparse.bundle.store import Located
from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ChecksumMismatch
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.errors import NotReady, ShuttingDown
from service.metrics import Metrics
from service.registry.loaded import Loaded, Model, ModelVersion
from service.registry.manager import Manager
from service.registry.policy import State
from service.registry.version import Version
from tests.service.fakes import BOUND_S, FakeClock, FakeModel, golden_of, in_loop, read_words, turns


def located(version: str) -> Located:
    return Located(Path("models", "words", version), None)


def loader() -> Callable[[Located], Loaded]:
    """Gives a model of the version asked for; that of version "bad" is refused."""
    loop = asyncio.get_running_loop()

    def load(asked: Located) -> Loaded:
        version = asked.bundle.name
        if version == "bad":
            raise ChecksumMismatch("found 3 bytes, expected 4", file=asked.bundle / "score.onnx")
        model = asyncio.run_coroutine_threadsafe(made(version), loop).result(BOUND_S)
        return Loaded(model, golden_of("two words"))

    async def made(version: str) -> FakeModel:
        return FakeModel(version=version)

    return load


def batcher_of(model: Model[Any]) -> Batcher[Any, Frame]:
    limits = Limits(queue_tokens=100, batch_tokens=64)
    return Batcher(model.run, limits=limits, lanes=1, clock=FakeClock(), observer=Metrics())


@asynccontextmanager
async def registry(announced: list[ModelVersion]) -> AsyncIterator[Manager]:
    manager = Manager(load=loader(), make_batcher=batcher_of, announce=announced.append)
    try:
        yield manager
    finally:
        await manager.close(BOUND_S)


async def parse(version: Version, text: str) -> Frame:
    return await version.batcher.submit(version.model.prepare(Utterance(text)))


def answers(version: Version) -> bool:
    """Whether the version's batcher still takes work."""
    try:
        version.batcher.submit(version.model.prepare(Utterance("a"))).cancel()
    except ShuttingDown:
        return False
    return True


@in_loop
async def test_nothing_serves_before_a_bundle_is_loaded() -> None:
    async with registry([]) as manager:
        with pytest.raises(NotReady):
            manager.lease()


@in_loop
async def test_a_loaded_version_serves_and_is_announced() -> None:
    announced: list[ModelVersion] = []
    async with registry(announced) as manager:
        await manager.serve(located("1"))
        with manager.lease() as version:
            assert await parse(version, "a b") == read_words(Utterance("a b"))
        assert announced == [ModelVersion("words", "1", "d1")]


@in_loop
async def test_a_held_version_outlives_the_switch_and_goes_with_its_last_lease() -> None:
    async with registry([]) as manager:
        await manager.serve(located("1"))
        with manager.lease() as old:
            with manager.lease():
                await manager.serve(located("2"))
            assert (old.state, old.leases) == (State.RETIRED, 1)
            assert await parse(old, "a") == read_words(Utterance("a"))
            with manager.lease() as new:
                assert new.identity.version == "2"
        await turns()
        assert old.state is State.CLOSED
        assert not answers(old)
        assert answers(new)


@in_loop
async def test_a_version_that_nobody_holds_goes_at_the_switch() -> None:
    async with registry([]) as manager:
        await manager.serve(located("1"))
        old = manager.serving
        await manager.serve(located("2"))
        await turns()
        assert old is not None
        assert old.state is State.CLOSED


@in_loop
async def test_a_refused_bundle_leaves_what_serves() -> None:
    async with registry([]) as manager:
        await manager.serve(located("1"))
        with pytest.raises(ChecksumMismatch, match=r"score\.onnx"):
            await manager.serve(located("bad"))
        with manager.lease() as version:
            assert version.identity.version == "1"
            assert await parse(version, "a") == read_words(Utterance("a"))


@in_loop
async def test_a_lease_is_given_back_when_the_request_fails() -> None:
    async with registry([]) as manager:
        await manager.serve(located("1"))
        with pytest.raises(LookupError), manager.lease() as version:
            raise LookupError
        assert version.leases == 0


@in_loop
async def test_a_closed_manager_leases_nothing() -> None:
    async with registry([]) as manager:
        await manager.serve(located("1"))
        await manager.close(BOUND_S)
        with pytest.raises(NotReady):
            manager.lease()
