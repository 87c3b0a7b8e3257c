"""The shadow parses a share of what was answered, when nobody waits, and nobody ever waits for it."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest

from polyparse.contract.frame import Choice, Frame, Utterance
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.batching.protocols import Outcome
from service.metrics.metrics import Metrics
from service.redaction import Redaction
from service.registry.candidates import Candidates
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.shadow.agreement import Reading, SlotPlace
from service.shadow.mirror import MOST_IN_FLIGHT, Mirror, Sent
from tests.service.fakes import (
    BOUND_S,
    FakeClock,
    FakeItem,
    FakeLoader,
    FakeOutcome,
    FakeParser,
    read_words,
    turns,
    until,
    wish,
)

pytestmark = pytest.mark.anyio

STABLE = ModelVersion("words", "1", "d1")


@dataclass
class Otherwise(FakeParser):
    """Reads the same slots, and another intent where the text begins with "other"."""

    def run(self, items: Sequence[FakeItem], /) -> Outcome[Frame]:
        outcome = super().run(items)
        frames = [
            replace(frame, intent=Choice("other", 0.5)) if frame.text.startswith("other") else frame
            for frame in outcome.frames
        ]
        return FakeOutcome(frames, outcome.seconds, outcome.padding)


class Bench(NamedTuple):
    """A mirror of version 1 whose shadow is version 2."""

    mirror: Mirror
    manager: Manager
    requests: Batcher[Any, Frame]
    metrics: Metrics
    shadow: Otherwise
    stable: FakeParser
    loader: FakeLoader

    async def offer(self, *texts: str, locale: str | None = "en-US", by: ModelVersion = STABLE) -> None:
        """Offer what a version, the stable one unless told otherwise, answered to these texts."""
        utterances = [Utterance(text, locale) for text in texts]
        await self.mirror.offer("r1", [Sent(each, read_words(each), by) for each in utterances])

    async def request(self, text: str) -> asyncio.Future[Any]:
        """Let a caller wait for a parse by the stable version."""
        with self.manager.lease() as version:
            return self.requests.submit(version.parser.prepare(Utterance(text)), version.model)

    def counts(self, name: str) -> dict[str, float]:
        """The counts of a metric by its labels."""
        prefix = f"polyparse_shadow_{name}_total"
        lines = [line for line in self.metrics.render().decode().splitlines() if line.startswith(prefix)]
        pairs = (line.removeprefix(prefix).rsplit(" ", 1) for line in lines)
        return {labels: float(count) for labels, count in pairs if float(count)}

    async def compared(self, number: int) -> None:
        """Wait until so many were compared."""
        await until(lambda: sum(self.counts("compared").values()) == number)

    def in_flight(self) -> int:
        """How many wait for the shadow."""
        return len(self.mirror._tasks)


@asynccontextmanager
async def bench(
    *, keeps_text: bool = False, hangs_s: float = BOUND_S, share: float = 1.0, threads: int = 1
) -> AsyncIterator[Bench]:
    stable, shadow, clock, metrics = FakeParser(), Otherwise(), FakeClock(), Metrics()
    requests = Batcher[Any, Frame](
        limits=Limits(queue_tokens=100, batch_tokens=64), threads=threads, clock=clock
    )
    draws, loader = iter(range(1_000_000)), FakeLoader(parsers={"1": stable, "2": shadow})
    manager = Manager(
        loader=loader,
        observer=metrics,
        listeners=[metrics.versions],
        keep_previous=True,
        load_timeout_s=BOUND_S,
        candidates=Candidates(draw=lambda: next(draws) % 4 / 4),
    )
    redaction = Redaction(["other"]) if keeps_text else None
    mirror = Mirror(manager, requests, metrics, redaction=redaction, clock=clock, hangs_s=hangs_s)
    await manager.start(wish("1", generation=1))
    manager.wish(wish("1", generation=2, shadow=("2", share)))
    await until(lambda: manager.candidates.shadow is not None)
    try:
        yield Bench(mirror, manager, requests, metrics, shadow, stable, loader)
    finally:
        shadow.gate.open()
        await mirror.close()
        await manager.close()
        await requests.close(BOUND_S)


async def test_agreement_is_counted_by_locale_and_part() -> None:
    async with bench() as b:
        await b.offer("a b", "other c")
        await b.offer("other d", locale=None)
        await b.compared(3)
        us, none = 'locale="en-US"', 'locale="none"'
        assert b.counts("compared") == {f'{{{us},version="2"}}': 2, f'{{{none},version="2"}}': 1}
        assert b.counts("agreed") == {
            f'{{{us},part="domain",version="2"}}': 2,
            f'{{{us},part="intent",version="2"}}': 1,
            f'{{{us},part="slots",version="2"}}': 2,
            f'{{{us},part="frame",version="2"}}': 1,
            f'{{{none},part="domain",version="2"}}': 1,
            f'{{{none},part="slots",version="2"}}': 1,
        }


async def test_a_disagreement_is_kept_without_text_or_value() -> None:
    async with bench() as b:
        await b.offer("the same", "other words")
        await b.compared(2)
        (kept,) = b.mirror.disagreements.recent()
        slots = (SlotPlace("word", 0, 5), SlotPlace("word", 6, 11))
        assert kept.stable == Reading(None, "words_2", slots)
        assert kept.candidate == Reading(None, "other", slots)
        assert (kept.request_id, kept.locale, kept.characters, kept.tokens) == ("r1", "en-US", 11, 2)
        assert (kept.stable_version, kept.candidate_version, kept.text) == ("1", "2", None)
        assert kept.at.endswith("+00:00")


async def test_where_it_may_a_disagreement_holds_redacted_text_and_values() -> None:
    async with bench(keeps_text=True) as b:
        await b.offer("other words 0171")
        await b.compared(1)
        (kept,) = b.mirror.disagreements.recent()
        assert kept.text == "other words [number]"
        assert [slot.value for slot in kept.stable.slots] == ["other", "words", "[number]"]


async def test_only_the_share_is_parsed() -> None:
    async with bench(share=0.5) as b:
        for _ in range(8):
            await b.offer("a")
            await until(lambda: not b.in_flight())
        assert sum(b.counts("compared").values()) == 4
        assert b.counts("dropped") == {}


async def test_what_another_version_answered_is_not_compared() -> None:
    async with bench() as b:
        await b.offer("a", by=ModelVersion("words", "3", "d3"))
        assert b.in_flight() == 0


async def test_while_requests_run_on_all_threads_or_wait_nothing_is_admitted() -> None:
    async with bench() as b:
        with b.stable.gate.held():
            running = await b.request("a")
            await b.offer("x")
            await b.stable.gate.batch()
            waiting = await b.request("b")
            await b.offer("y")
            assert b.in_flight() == 0
            assert b.requests.waiting_tokens == 1
        await asyncio.gather(running, waiting)
        assert b.counts("dropped") == {'{reason="load"}': 2}
        assert b.shadow.gate.batches() == []


async def test_what_waits_for_the_shadow_when_requests_come_is_dropped() -> None:
    async with bench() as b:
        with b.stable.gate.held():
            with b.shadow.gate.held():
                await b.offer("x", "y", "z")
                assert await b.shadow.gate.batch() == ["x"]
                request = await b.request("a")
                await b.stable.gate.batch()
            await b.compared(1)
            await until(lambda: not b.in_flight())
        assert (await request).frame == read_words(Utterance("a"))
        assert b.counts("dropped") == {'{reason="load"}': 2}


async def test_the_shadow_takes_no_room_in_the_queue_and_no_thread_of_requests() -> None:
    async with bench() as b:
        with b.shadow.gate.held():
            await b.offer("x", "y")
            await b.shadow.gate.batch()
            assert (b.requests.waiting_tokens, b.requests.is_idle()) == (0, True)
            request = await b.request("word " * 100)  # as much as the queue holds
            assert (await request).frame.text.startswith("word")


async def test_no_more_wait_for_the_shadow_than_a_few() -> None:
    async with bench() as b:
        with b.shadow.gate.held():
            await b.offer(*["x"] * (MOST_IN_FLIGHT + 3))
            assert b.in_flight() == MOST_IN_FLIGHT
        await b.compared(MOST_IN_FLIGHT)
        assert b.counts("dropped") == {'{reason="busy"}': 3}


async def test_each_of_its_runs_is_one_utterance() -> None:
    async with bench() as b:
        with b.shadow.gate.held():
            await b.offer("x", "y", "z")
            await b.shadow.gate.batch()
        await b.compared(3)
        assert b.shadow.gate.batches() == [["y"], ["z"]]


async def test_a_shadow_that_fails_is_counted_and_harms_nobody() -> None:
    async with bench() as b:
        await b.offer("poison", "a", "miscount")
        await until(lambda: not b.in_flight())
        b.shadow.locales = ("hi-IN",)
        await b.offer("b")
        await until(lambda: not b.in_flight())
        assert b.counts("failed") == {
            '{code="model_run_failed",version="2"}': 2,
            '{code="unknown_locale",version="2"}': 1,
        }
        assert b.counts("compared") == {'{locale="en-US",version="2"}': 1}


async def test_what_nobody_foresaw_is_counted_too() -> None:
    async with bench() as b:
        b.shadow.prepare = lambda utterance: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        await b.offer("a")
        await until(lambda: not b.in_flight())
        assert b.counts("failed") == {'{code="internal_error",version="2"}': 1}


async def test_a_shadow_that_hangs_is_left_alone_and_every_request_is_answered() -> None:
    """It holds one thread, its own; the version can be closed, and another shadow is parsed by."""
    async with bench(hangs_s=1.0) as b:
        b.shadow.gate.shut()
        await b.offer("x", "y")
        await b.shadow.gate.batch()
        assert (await (await b.request("a"))).frame == read_words(Utterance("a"))
        await until(lambda: not b.in_flight())
        assert sum(b.counts("dropped").values()) == 2
        assert 'polyparse_shadow_share{version="2"} 0.0' in b.metrics.render().decode()
        await b.offer("z")
        assert (b.in_flight(), b.mirror.is_on) == (0, False)
        assert (await (await b.request("b"))).frame == read_words(Utterance("b"))
        b.manager.wish(wish("1", generation=3, shadow=("3", 1.0)))
        await until(lambda: b.mirror.is_on)
        assert [version.number for version in b.manager.versions] == ["1", "3"]
        await b.offer("c")
        await b.compared(1)


async def test_a_shadow_that_is_held_is_not_closed_before_it_has_parsed() -> None:
    async with bench() as b:
        with b.shadow.gate.held():
            await b.offer("x")
            await b.shadow.gate.batch()
            b.manager.wish(wish("1", generation=3))
            assert [version.state.name for version in b.manager.versions] == ["SERVING", "RETIRED"]
        await until(lambda: len(b.manager.versions) == 1)


async def test_no_series_of_a_shadow_that_is_gone_is_left() -> None:
    async with bench() as b:
        await b.offer("a", "poison")
        await until(lambda: not b.in_flight())
        assert 'version="2"' in b.metrics.render().decode()
        b.manager.wish(wish("1", generation=3))
        await until(lambda: len(b.manager.versions) == 1)
        assert 'version="2"' not in b.metrics.render().decode()
        b.metrics.candidates.compared("2", "en-US", {"frame": True})
        b.metrics.candidates.failed("2", "model_run_failed")
        assert 'version="2"' not in b.metrics.render().decode()


async def test_a_shadow_that_is_gone_is_freed_though_nothing_collects_garbage() -> None:
    async with bench() as b:
        b.loader.parsers["3"] = Otherwise()
        b.manager.wish(wish("1", generation=3, shadow=("3", 1.0)))
        await until(lambda: b.mirror.is_on)
        gc.disable()
        try:
            await b.offer("a", "other")
            await b.compared(2)
            await until(lambda: not b.in_flight())
            parser = weakref.ref(b.loader.parsers.pop("3"))
            b.manager.wish(wish("1", generation=4))
            await until(lambda: len(b.manager.versions) == 1)
            b.loader.released.clear()
            await turns()
            assert parser() is None
        finally:
            gc.enable()


async def test_the_end_gives_up_what_waits() -> None:
    async with bench() as b:
        b.shadow.gate.shut()
        await b.offer("x", "y")
        await b.shadow.gate.batch()
        await b.mirror.close()
        await until(lambda: not b.in_flight())
        assert b.counts("compared") == {}
        b.shadow.gate.open()
