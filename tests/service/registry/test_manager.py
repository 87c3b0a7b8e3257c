"""What is wished comes to serve; a version that somebody holds is never closed, and what serves outlives every refusal."""

import asyncio
import gc
import logging
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from threading import Event
from typing import NamedTuple

import pytest

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ChecksumMismatch, PolyparseError
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.errors import NotReady, VersionNotLoaded
from service.metrics.metrics import Metrics
from service.registry.assignment import Asked
from service.registry.errors import LoadFailed, LoadTimeout, MemoryShort
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.policy import Desired
from service.registry.version import LoadedVersion, VersionObserver
from tests.service.fakes import (
    BOUND_S,
    FakeClock,
    FakeItem,
    FakeLoader,
    FakeParser,
    located,
    read_words,
    until,
    wish,
)

pytestmark = pytest.mark.anyio

DAMAGED = ChecksumMismatch("found 3 bytes, expected 4", file=located("bad").bundle / "score.onnx")


class Announcements:
    """Remembers which version serves, which ones are gone, and how loads ended."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self.closed: list[str] = []
        self.loads: list[str] = []
        self._metrics = Metrics()

    def of_version(self, version: ModelVersion) -> VersionObserver:
        return self._metrics.of_version(version)

    def serves(self, version: ModelVersion) -> None:
        self.served.append(version.version)

    def gone(self, version: ModelVersion) -> None:
        self.closed.append(version.version)

    def loaded(self, outcome: str, seconds: float) -> None:
        self.loads.append(outcome)


class Registry(NamedTuple):
    """A manager over a fake loader."""

    manager: Manager
    loader: FakeLoader
    told: Announcements
    batcher: Batcher[FakeItem, Frame]

    async def promoted(self, stable: str, previous: str | None = None, generation: int | None = None) -> None:
        """Wish for a version, and wait until it serves."""
        self.manager.wish(wish(stable, previous, generation))
        await until(lambda: self.serves() == stable)

    def serves(self) -> str | None:
        """The version that serves."""
        return None if self.manager.serving is None else self.manager.serving.identity.version

    def states(self) -> dict[str, str]:
        """The state of every version."""
        return {version.number: version.state.name.lower() for version in self.manager.versions}

    def reason(self, number: str) -> PolyparseError | None:
        """Why a version was refused."""
        (version,) = (each for each in self.manager.versions if each.number == number)
        return version.reason

    async def parse(self, version: LoadedVersion, text: str) -> Frame:
        """The frame that a version gives."""
        item = version.parser.prepare(Utterance(text))
        return (await self.batcher.submit(item, version.model)).frame


@asynccontextmanager
async def registry(*, keep_previous: bool = True, load_timeout_s: float = BOUND_S) -> AsyncIterator[Registry]:
    loader, told = FakeLoader(), Announcements()
    limits = Limits(queue_tokens=100, batch_tokens=64)
    batcher = Batcher[FakeItem, Frame](limits=limits, threads=1, clock=FakeClock())
    manager = Manager(
        loader=loader, observer=told, keep_previous=keep_previous, load_timeout_s=load_timeout_s
    )
    try:
        yield Registry(manager, loader, told, batcher)
    finally:
        await manager.close()
        await batcher.close(BOUND_S)


async def test_nothing_serves_before_a_bundle_is_loaded() -> None:
    async with registry() as r:
        with pytest.raises(NotReady):
            r.manager.lease()


async def test_the_first_wish_is_served_once_it_is_loaded() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        with r.manager.lease() as version:
            assert await r.parse(version, "a b") == read_words(Utterance("a b"))
        assert (r.told.served, r.told.closed, r.told.loads) == (["1"], [], ["ok"])


async def test_a_held_version_outlives_the_switch_and_goes_with_its_last_lease() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        with r.manager.lease() as old:
            with r.manager.lease():
                await r.promoted("2")
            assert r.states() == {"1": "retired", "2": "serving"}
            assert await r.parse(old, "a") == read_words(Utterance("a"))
            with r.manager.lease() as new:
                assert new.identity.version == "2"
            with pytest.raises(VersionNotLoaded):
                r.manager.lease(Asked("1"))
            assert r.told.closed == []
        await until(lambda: r.told.closed == ["1"])
        assert r.states() == {"2": "serving"}
        assert r.told.served == ["1", "2"]


async def test_the_stable_version_of_before_stands_by_so_that_a_rollback_only_switches() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        await r.promoted("2", "1")
        assert r.states() == {"1": "ready", "2": "serving"}
        with r.manager.lease(Asked("1")) as pinned:
            assert pinned.identity.version == "1"
        r.manager.wish(wish("1", "2"))
        assert r.serves() == "1"
        assert r.loader.loads == ["1", "2"]
        await r.promoted("3", "1")
        await until(lambda: r.told.closed == ["2"])
        assert r.states() == {"1": "ready", "3": "serving"}


async def test_nothing_stands_by_where_that_is_switched_off_or_memory_is_short() -> None:
    async with registry(keep_previous=False) as r:
        await r.manager.start(wish("1"))
        await r.promoted("2", "1")
        await until(lambda: r.told.closed == ["1"])
    async with registry() as r:
        await r.manager.start(wish("1"))
        await r.promoted("2", "1")
        r.manager.wish(wish("2", "1"), is_memory_short=True)
        await until(lambda: r.told.closed == ["1"])
        assert r.serves() == "2"


async def test_a_refused_version_leaves_what_serves_and_is_not_tried_again_until_the_wish_changes() -> None:
    async with registry() as r:
        await r.manager.start(wish("1", generation=1))
        r.loader.refusals["bad"] = DAMAGED
        r.manager.wish(wish("bad", "1", generation=2))
        await until(lambda: r.states() == {"1": "serving", "bad": "failed"})
        assert r.reason("bad") is DAMAGED
        assert r.told.loads == ["ok", "checksum_mismatch"]
        r.manager.wish(wish("bad", "1", generation=2))
        with r.manager.lease() as version:
            assert await r.parse(version, "a") == read_words(Utterance("a"))
        assert r.loader.loads == ["1", "bad"]
        del r.loader.refusals["bad"]
        await r.promoted("bad", "1", generation=3)
        assert r.loader.loads == ["1", "bad", "bad"]


async def test_a_version_whose_files_were_repaired_is_tried_again() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.refusals["2"] = DAMAGED
        r.manager.wish(wish("2", "1")._replace(revision="damaged"))
        await until(lambda: r.states()["2"] == "failed")
        del r.loader.refusals["2"]
        r.manager.wish(wish("2", "1")._replace(revision="repaired"))
        await until(lambda: r.serves() == "2")


async def test_a_version_that_was_repaired_while_it_was_being_refused_is_tried_again() -> None:
    """Its load may have read the files of before; no later change of the wish would come."""
    async with registry() as r:
        await r.manager.start(wish("1"))
        hold = r.loader.holds["2"] = Event()
        r.loader.refusals["2"] = DAMAGED
        r.manager.wish(wish("2", "1")._replace(revision="half"))
        await until(lambda: r.loader.loads == ["1", "2"])
        r.manager.wish(wish("2", "1")._replace(revision="whole"))
        hold.set()
        await until(lambda: r.loader.loads == ["1", "2", "2"] and r.states()["2"] == "failed")
        assert r.told.loads == ["ok", "checksum_mismatch", "checksum_mismatch"]
        assert r.loader.loads == ["1", "2", "2"]


@pytest.mark.parametrize("raised", [SystemExit(3), StopIteration(), TimeoutError("of a network")])
async def test_no_way_to_fail_leaves_a_load_without_an_end(raised: BaseException) -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.refusals["2"] = raised
        r.manager.wish(wish("2", "1"))
        await until(lambda: r.states()["2"] == "failed")
        assert (
            str(r.reason("2")) == f"found {type(raised).__name__} ({raised}), expected a version that loads"
        )


async def test_memory_that_is_not_returned_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    async with registry(load_timeout_s=0.05) as r:
        await r.manager.start(wish("1"))
        r.loader.refusals["release"] = MemoryError("no way")
        await r.promoted("2")
        await until(lambda: r.told.closed == ["1"])
        assert "memory not returned" in caplog.text
        hold = r.loader.holds["release"] = Event()
        await r.promoted("3")
        await until(lambda: r.told.closed == ["1", "2"])
        hold.set()


@pytest.mark.usefixtures("unlogged")
@pytest.mark.parametrize("error", [DAMAGED, ZeroDivisionError("by zero")])
async def test_a_refused_version_is_freed_though_nothing_collects_garbage(error: Exception) -> None:
    """The tracebacks of errors hold frames, and what a load had made in them."""
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.refusals["2"] = error
        gc.disable()
        try:
            r.manager.wish(wish("2", "1"))
            await until(lambda: r.states()["2"] == "failed")
            await asyncio.sleep(0)
            assert [half_loaded() for half_loaded in r.loader.half_loaded] == [None]
        finally:
            gc.enable()


@pytest.fixture
def unlogged() -> Iterator[None]:
    """Nothing is logged, which would hold the error."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def test_what_nobody_foresaw_refuses_a_version_too_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.refusals["2"] = ZeroDivisionError("by zero")
        r.manager.wish(wish("2", "1"))
        await until(lambda: r.states()["2"] == "failed")
        assert isinstance(r.reason("2"), LoadFailed)
        assert "ZeroDivisionError" in caplog.text
        assert r.serves() == "1"


async def test_a_load_that_hangs_is_refused_in_time_and_what_comes_of_it_later_is_dropped() -> None:
    async with registry(load_timeout_s=0.05) as r:
        await r.manager.start(wish("1"))
        r.loader.holds["2"] = Event()
        r.manager.wish(wish("2", "1"))
        await until(lambda: r.states()["2"] == "failed")
        assert isinstance(r.reason("2"), LoadTimeout)
        assert [version.is_cancelled.is_set() for version in r.manager.versions] == [False, True]
        assert r.serves() == "1"
        await r.promoted("3", "1")


async def test_of_promotes_faster_than_a_load_the_last_one_comes_to_serve() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.holds["2"] = Event()
        r.manager.wish(wish("2", "1"))
        r.manager.wish(wish("3", "2"))
        assert r.states() == {"1": "serving", "2": "cancelled"}  # It may never end, and 3 shall serve.
        r.manager.wish(wish("4", "3"))
        assert r.states() == {"1": "serving", "2": "cancelled"}
        await until(lambda: r.serves() == "4")
        await until(lambda: r.states() == {"4": "serving"})
        assert r.told.served == ["1", "4"]
        assert r.loader.loads == ["1", "2", "4"]


async def test_a_version_that_is_wished_again_while_its_load_is_given_up_comes_to_serve() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.holds["2"] = Event()
        r.manager.wish(wish("2"))
        r.manager.wish(wish("1"))
        assert r.states() == {"1": "serving", "2": "cancelled"}
        r.loader.holds.clear()
        await r.promoted("2", "1")
        assert r.states() == {"1": "ready", "2": "serving"}


async def test_a_promote_of_the_version_that_loads_changes_nothing() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        hold = r.loader.holds["2"] = Event()
        r.manager.wish(wish("2", "1", generation=2))
        r.manager.wish(wish("2", "1", generation=3))
        hold.set()
        await until(lambda: r.serves() == "2")
        assert r.loader.loads == ["1", "2"]


async def test_a_version_that_does_not_fit_gets_the_memory_of_the_one_that_stands_by() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        await r.promoted("2", "1")
        r.loader.refusals["3"] = MemoryShort("found 1 MB, expected 9 MB")
        r.manager.wish(wish("3", "1"))
        await until(lambda: r.told.closed == ["1"])
        await until(lambda: r.states() == {"2": "serving", "3": "failed"})
        assert r.loader.loads == ["1", "2", "3", "3"]
        assert r.told.loads == ["ok", "ok", "memory_short"]


async def test_at_the_start_the_version_before_serves_where_the_wished_one_is_refused() -> None:
    async with registry() as r:
        r.loader.refusals["2"] = DAMAGED
        await r.manager.start(wish("2", "1"))
        assert r.serves() == "1"
        assert r.states() == {"2": "failed", "1": "serving"}


async def test_where_none_can_serve_the_start_fails_for_the_reason_of_the_wished_one() -> None:
    async with registry() as r:
        r.loader.refusals |= {"2": DAMAGED, "1": LoadFailed(OSError("gone"))}
        with pytest.raises(ChecksumMismatch, match=r"score\.onnx"):
            await r.manager.start(wish("2", "1"))


async def test_a_lease_is_given_back_when_the_request_fails() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        with pytest.raises(LookupError), r.manager.lease():
            raise LookupError
        assert [version.leases for version in r.manager.versions] == [0]


async def test_a_closed_manager_leases_nothing_and_heeds_no_wish() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        await r.manager.close()
        r.manager.wish(wish("2"))
        assert r.loader.loads == ["1"]
        with pytest.raises(NotReady):
            r.manager.lease()


async def test_a_version_that_is_gone_is_freed_though_nothing_collects_garbage() -> None:
    async with registry() as r:
        await r.manager.start(wish("1"))
        r.loader.parser = FakeParser()
        await r.promoted("2")
        with r.manager.lease() as version:
            parser = weakref.ref(version.parser)
            await r.parse(version, "a")
        del version
        r.loader.parser = FakeParser()
        gc.disable()
        try:
            await r.promoted("3")
            await until(lambda: "2" in r.told.closed)
            r.loader.released.clear()
            await until(lambda: parser() is None)  # Who has told it has a turn to end in.
        finally:
            gc.enable()


async def test_every_state_is_told_to_listeners() -> None:
    states: list[dict[str, str]] = []
    loader, told = FakeLoader(), Announcements()
    manager = Manager(
        loader=loader,
        observer=told,
        listeners=[
            lambda versions, generation: states.append(
                {each.number: each.state.name.lower() for each in versions} | {"generation": str(generation)}
            )
        ],
        keep_previous=False,
        load_timeout_s=BOUND_S,
    )
    await manager.start(wish("1", generation=1))
    manager.wish(wish("2", "1", generation=2))
    await until(lambda: told.closed == ["1"])
    assert states == [
        {"1": "loading", "generation": "1"},
        {"1": "serving", "generation": "1"},
        {"1": "serving", "2": "loading", "generation": "2"},
        {"1": "closing", "2": "serving", "generation": "2"},
        {"2": "serving", "generation": "2"},
    ]
    await manager.close()


CANARY = wish("1", generation=5, canary=("2", 50))
BOTH = wish("1", generation=5, canary=("2", 50), shadow=("3", 0.5))


async def tried(r: Registry, desired: Desired) -> None:
    """Wish for candidates beside version 1, and wait until all of them are loaded."""
    await r.manager.start(wish("1", generation=1))
    r.manager.wish(desired)
    number = 1 + len(desired.candidates)
    await until(lambda: list(r.states().values()).count("ready") == number - 1)


def answers(r: Registry, keys: int = 200) -> set[str]:
    """The versions that answer some keys."""
    asked = [Asked(None, f"user-{number}".encode()) for number in range(keys)]
    found = set()
    for each in asked:
        with r.manager.lease(each) as version:
            found.add(version.identity.version)
    return found


async def test_candidates_are_loaded_one_after_another_and_closed_with_the_wish_for_them() -> None:
    async with registry() as r:
        await tried(r, BOTH)
        assert r.loader.loads == ["1", "2", "3"]
        assert r.states() == {"1": "serving", "2": "ready", "3": "ready"}
        assert answers(r) == {"1", "2"}
        r.manager.wish(wish("1", generation=6))
        assert answers(r) == {"1"}
        await until(lambda: r.told.closed == ["2", "3"])
        assert r.states() == {"1": "serving"}


async def test_whoever_asks_for_nothing_gets_the_version_that_serves_whatever_the_canary() -> None:
    async with registry() as r:
        await tried(r, wish("1", generation=5, canary=("2", 100)))
        assert answers(r) == {"2"}
        with r.manager.lease() as version:
            assert version.identity.version == "1"


async def test_a_promote_of_the_canary_only_switches() -> None:
    async with registry() as r:
        await tried(r, CANARY)
        with r.manager.lease(Asked("2")) as held:
            r.manager.wish(wish("2", "1", generation=6))
            assert r.serves() == "2"
            assert answers(r) == {"2"}
            assert await r.parse(held, "a") == read_words(Utterance("a"))
        assert r.loader.loads == ["1", "2"]
        assert r.states() == {"1": "ready", "2": "serving"}
        r.manager.wish(wish("1", "2", generation=7))
        assert r.serves() == "1"


async def test_a_canary_that_is_refused_leaves_all_requests_to_the_stable_version() -> None:
    async with registry() as r:
        r.loader.refusals["2"] = DAMAGED
        await r.manager.start(wish("1", generation=1))
        r.manager.wish(BOTH)
        await until(lambda: r.states() == {"1": "serving", "2": "failed", "3": "ready"})
        assert answers(r) == {"1"}


async def test_a_candidate_whose_memory_is_needed_is_refused_until_the_wish_changes() -> None:
    async with registry() as r:
        await tried(r, BOTH)
        r.manager.wish(BOTH, is_memory_short=True)
        await until(lambda: r.states() == {"1": "serving", "2": "ready", "3": "failed"})
        assert isinstance(r.reason("3"), MemoryShort)
        r.manager.wish(BOTH)
        assert r.states()["3"] == "failed"
        r.manager.wish(BOTH, is_memory_short=True)
        await until(lambda: r.states() == {"1": "serving", "2": "failed", "3": "failed"})
        assert r.loader.loads == ["1", "2", "3"]
        r.manager.wish(BOTH._replace(generation=6))
        await until(lambda: r.states() == {"1": "serving", "2": "ready", "3": "ready"})


async def test_a_wish_that_changes_while_a_candidate_goes_for_want_of_memory_has_it_loaded_again() -> None:
    async with registry() as r:
        await tried(r, CANARY)
        hold = r.loader.holds["release"] = Event()
        r.manager.wish(CANARY, is_memory_short=True)
        assert r.states() == {"1": "serving", "2": "closing"}
        r.manager.wish(CANARY._replace(generation=6))
        hold.set()
        await until(lambda: r.states() == {"1": "serving", "2": "ready"})
        assert r.loader.loads == ["1", "2", "2"]


async def test_a_canary_that_waits_for_a_request_of_before_to_end_is_closed_after_it() -> None:
    async with registry() as r:
        await tried(r, CANARY)
        with r.manager.lease(Asked("2")):
            r.manager.wish(wish("1", generation=6))
            assert r.states() == {"1": "serving", "2": "retired"}
        await until(lambda: r.told.closed == ["2"])


async def test_a_shadow_takes_no_requests_and_ends_with_the_manager() -> None:
    async with registry() as r:
        assert r.manager.lease_shadow() is None
        await tried(r, wish("1", generation=5, shadow=("3", 1.0)))
        assert answers(r) == {"1"}
        lease = r.manager.lease_shadow()
        assert lease is not None
        with lease as version:
            assert version.identity.version == "3"
        await r.manager.close()
        assert r.manager.lease_shadow() is None
