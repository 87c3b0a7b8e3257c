"""An utterance becomes a frame within a deadline on the version that serves, and several do side by side; without HTTP."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import (
    BlankText,
    EmptyText,
    LoneSurrogate,
    ModelRunFailed,
    PolyparseError,
    TextTooLong,
    UnknownLocale,
)
from service.admission import AdmissionControl
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.errors import (
    AnswerTimeout,
    CallerDeparted,
    DeadlineExceeded,
    InternalError,
    NotReady,
    QueueFull,
    WrongType,
)
from service.metrics.labels import STAGES
from service.metrics.metrics import Metrics
from service.parsed import Deadline, Parsed
from service.parsing import CHARS_PER_TURN, ParseService
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import LoadedVersion
from tests.service.fakes import (
    BOUND_S,
    FakeClock,
    FakeItem,
    FakeLoader,
    FakeParser,
    Gate,
    read_words,
    turns,
    until,
    wish,
)

pytestmark = pytest.mark.anyio

PATIENCE_S = 20.0
"""Time that callers give, which some tests let pass at once; a test itself may take longer."""
LIMITS = Limits(queue_tokens=100, batch_tokens=64)
ROOMY = Limits(queue_tokens=10**6, batch_tokens=64)
LATE = DeadlineExceeded(5)
LONG = "x " * 64
"""A batch of its own."""
PART = "x" * (1 + CHARS_PER_TURN // 3)
"""Three of them are as much of a batch as is admitted in one turn."""
HEAVY = "x " * 200
"""Runs in no batch with a short text, of which it would make padding."""


class Bench(NamedTuple):
    """A parse service over a fake parser, and ways to touch it."""

    service: ParseService
    manager: Manager
    batcher: Batcher[FakeItem, Frame]
    metrics: Metrics
    parser: FakeParser
    gate: Gate
    clock: FakeClock

    async def parse(self, text: str, **fields: Any) -> Parsed:
        """Parse a text for a caller who stays, with time enough."""
        return await self.service.parse(Utterance(text, **fields), in_time(), stays)

    async def parse_all(self, *items: str | PolyparseError) -> list[Any]:
        """Parse texts for a caller who stays, with time enough; the frame of each, or what stands in its place."""
        utterances = [Utterance(each) if isinstance(each, str) else each for each in items]
        return frames(await self.service.parse_all(utterances, in_time(), stays))

    def leases(self) -> int:
        """How many requests hold a version."""
        return sum(version.leases for version in self.manager.versions)

    def version(self) -> LoadedVersion:
        """The version that serves."""
        assert self.manager.serving is not None
        return self.manager.serving

    def refusals(self) -> dict[str, float]:
        """Refusals counted by reason, those of none left out."""
        return self._counts('polyparse_refusals_total{reason="')

    def utterances(self) -> dict[str, float]:
        """Utterances counted by outcome."""
        return self._counts('polyparse_utterances_total{outcome="')

    def _counts(self, prefix: str) -> dict[str, float]:
        lines = self.metrics.render().decode().splitlines()
        counts = (line.removeprefix(prefix).split('"} ') for line in lines if line.startswith(prefix))
        return {label: float(count) for label, count in counts if float(count)}

    def prepared(self, before: Callable[[str], None] = lambda text: None) -> list[str]:
        """The texts of which arrays are made from now on; `before` is called with each."""
        prepare, texts = self.parser.prepare, []

        def listed(utterance: Utterance) -> Any:
            texts.append(utterance.text)
            before(utterance.text)
            return prepare(utterance)

        self.parser.prepare = listed  # type: ignore[method-assign]
        return texts


@asynccontextmanager
async def bench(limits: Limits = LIMITS, *, max_text_chars: int = 512) -> AsyncIterator[Bench]:
    parser, clock, metrics = FakeParser(), FakeClock(), Metrics()

    batcher = Batcher[FakeItem, Frame](limits=limits, threads=1, clock=clock)
    manager = Manager(loader=FakeLoader(parser), observer=metrics, keep_previous=True, load_timeout_s=BOUND_S)
    admission = AdmissionControl(max_wait_s=60.0, batch_tokens=512, clock=clock)
    service = ParseService(manager, batcher, metrics, admission, max_text_chars=max_text_chars, clock=clock)
    await manager.start(wish("1"))
    try:
        yield Bench(service, manager, batcher, metrics, parser, parser.gate, clock)
    finally:
        parser.gate.open()
        await manager.close()
        await batcher.close(BOUND_S)


def stays() -> bool:
    return False


def in_time() -> Deadline:
    return Deadline(asyncio.get_running_loop().time() + PATIENCE_S, lambda: AnswerTimeout(PATIENCE_S))


def passed() -> Deadline:
    return Deadline(asyncio.get_running_loop().time(), lambda: LATE)


def frame(text: str, **fields: Any) -> Frame:
    return read_words(Utterance(text, **fields))


def frames(outcomes: list[Parsed | PolyparseError]) -> list[Any]:
    return [each.frame if isinstance(each, Parsed) else each for each in outcomes]


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the loop's clock stand so much later at once."""
    loop = asyncio.get_running_loop()
    time: Callable[[], float] = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + seconds)


async def test_an_utterance_gets_its_frame_its_version_and_what_each_stage_cost() -> None:
    async with bench() as b:
        with b.gate.held():
            first = asyncio.create_task(b.parse("a"))
            await b.gate.batch()
            second = asyncio.create_task(b.parse("b c", n_best=2))
            await turns()
            b.clock.now += 0.25
        parsed = await second
        assert parsed.frame == frame("b c", n_best=2)
        assert parsed.model == ModelVersion("words", "1", "d1")
        assert list(parsed.seconds) == list(STAGES)
        assert parsed.seconds == {
            "encode": 0.0,
            "queue": 0.25,
            "score": 1e-3,
            "decode": 2e-4,
            "assemble": 1e-4,
        }
        assert (await first).seconds["queue"] == 0.0


async def test_encoding_is_timed_and_counted_of_the_version() -> None:
    async with bench() as b:
        prepare = b.parser.prepare

        def slow(utterance: Utterance) -> Any:
            b.clock.now += 0.125
            return prepare(utterance)

        b.parser.prepare = slow  # type: ignore[method-assign]
        assert (await b.parse("a")).seconds["encode"] == 0.125
        text = b.metrics.render().decode()
        assert 'polyparse_stage_seconds_sum{stage="encode",version="1"} 0.125\n' in text


@pytest.mark.parametrize(
    ("utterance", "refusal"),
    [
        (Utterance(""), EmptyText),
        (Utterance(" \t"), BlankText),
        (Utterance("a" * 9), TextTooLong),
        (Utterance("\ud83d"), LoneSurrogate),
        (Utterance("a", "tlh"), UnknownLocale),
    ],
)
async def test_what_cannot_be_parsed_never_reaches_the_queue(
    utterance: Utterance, refusal: type[PolyparseError]
) -> None:
    async with bench(max_text_chars=8) as b:
        with pytest.raises(refusal):
            await b.service.parse(utterance, in_time(), stays)
        assert b.gate.batches() == []
        assert b.leases() == 0
        assert b.refusals() == {}


async def test_an_utterance_that_is_not_run_by_the_deadline_ends_with_its_error_and_is_dropped() -> None:
    async with bench() as b:
        with b.gate.held():
            first = asyncio.create_task(b.parse("a"))
            await b.gate.batch()
            with pytest.raises(DeadlineExceeded) as error:
                await b.service.parse(Utterance("late"), passed(), stays)
            assert error.value is LATE
            last = asyncio.create_task(b.parse("c"))
            await turns()
        await asyncio.gather(first, last)
        assert b.gate.batches() == [["c"]]
        assert b.refusals() == {"deadline_exceeded": 1}


async def test_a_deadline_that_passes_during_the_run_harms_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench() as b:
        with b.gate.held():
            deadline = Deadline(in_time().at_s - 1, lambda: LATE)
            late = asyncio.create_task(b.service.parse(Utterance("late"), deadline, stays))
            beside = asyncio.create_task(b.parse("beside"))
            assert await b.gate.batch() == ["late", "beside"]
            jump(monkeypatch, PATIENCE_S - 1)
            await turns()
            assert late.done()
            with pytest.raises(DeadlineExceeded):
                await late
        assert (await beside).frame == frame("beside")
        assert (await b.parse("next")).frame == frame("next")


async def test_the_services_own_time_out_is_no_refusal() -> None:
    async with bench() as b:
        with b.gate.held():
            deadline = Deadline(asyncio.get_running_loop().time(), lambda: AnswerTimeout(0.0))
            with pytest.raises(AnswerTimeout):
                await b.service.parse(Utterance("a"), deadline, stays)
        assert b.refusals() == {}


async def test_an_utterance_whose_caller_departed_is_dropped() -> None:
    async with bench() as b:
        with b.gate.held():
            first = asyncio.create_task(b.parse("a"))
            await b.gate.batch()
            leaving = asyncio.create_task(b.service.parse(Utterance("b"), in_time(), lambda: True))
            await turns()
        with pytest.raises(CallerDeparted):
            await leaving
        await first
        assert b.gate.batches() == []


async def test_a_model_that_fails_on_an_utterance_says_so() -> None:
    async with bench() as b:
        with pytest.raises(ModelRunFailed):
            await b.parse("poison")
        assert b.leases() == 0


async def test_where_no_version_serves_everything_is_refused_and_counted() -> None:
    async with bench() as b:
        await b.manager.close()
        with pytest.raises(NotReady):
            await b.parse("a")
        with pytest.raises(NotReady):
            await b.parse_all("a", "b")
        assert b.refusals() == {"not_ready": 3}


async def test_of_several_each_gets_its_frame_in_order_and_runs_in_one_batch() -> None:
    async with bench() as b:
        assert await b.parse_all("a", "b c", "a") == [frame("a"), frame("b c"), frame("a")]
        assert b.gate.batches() == [["a", "b c", "a"]]


async def test_of_none_there_is_nothing() -> None:
    async with bench() as b:
        assert await b.parse_all() == []


async def test_of_several_each_error_stays_in_its_place() -> None:
    async with bench() as b:
        beforehand = WrongType([])
        outcomes = await b.parse_all("a", beforehand, "", "poison", "b")
        assert [outcomes[0], outcomes[4]] == [frame("a"), frame("b")]
        assert outcomes[1] is beforehand
        assert [type(each) for each in outcomes[2:4]] == [EmptyText, ModelRunFailed]


async def test_where_the_requests_of_others_fill_the_queue_each_item_is_refused_and_no_arrays_are_made() -> (
    None
):
    async with bench(Limits(queue_tokens=3, batch_tokens=64)) as b:
        with b.gate.held():
            others = [asyncio.create_task(b.parse("r"))]
            await b.gate.batch()
            others.append(asyncio.create_task(b.parse("o")))
            await turns()
            texts = b.prepared()
            with pytest.raises(QueueFull):
                await b.parse("single", n_best=3)
            several = [Utterance("first", n_best=3), Utterance("b"), Utterance("c d", n_best=2)]
            outcomes = asyncio.create_task(b.service.parse_all(several, in_time(), stays))
            await turns()
            assert texts == ["b"]
        await asyncio.gather(*others)
        first, second, third = frames(await outcomes)
        assert isinstance(first, QueueFull)
        assert first.retry_after_s >= 1
        assert [second, third] == [frame("b"), frame("c d", n_best=2)]
        assert b.refusals() == {"queue_full": 2}


async def test_what_only_arrays_show_to_be_too_long_for_the_queue_is_refused_too() -> None:
    async with bench(Limits(queue_tokens=3, batch_tokens=64)) as b:
        with b.gate.held():
            others = [asyncio.create_task(b.parse("r"))]
            await b.gate.batch()
            others.append(asyncio.create_task(b.parse("o p")))
            await turns()
            assert [type(each) for each in await b.parse_all("c d")] == [QueueFull]
        await asyncio.gather(*others)


async def test_several_that_are_more_than_the_queue_holds_wait_for_one_another() -> None:
    async with bench(Limits(queue_tokens=8, batch_tokens=4)) as b:
        several = [Utterance(f"{i} word", n_best=1 + i % 3) for i in range(50)]
        outcomes = frames(await b.service.parse_all(several, in_time(), stays))
        assert outcomes == [frame(each.text, n_best=each.n_best) for each in several]
        assert b.refusals() == {}
        assert b.utterances() == {"ok": 50}


async def test_several_that_wait_for_one_another_do_so_until_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench(Limits(queue_tokens=2, batch_tokens=4)) as b:
        with b.gate.held():
            running = asyncio.create_task(b.parse("r"))
            await b.gate.batch()
            deadline = Deadline(in_time().at_s - 1, lambda: LATE)
            several = [Utterance("a b"), Utterance("c"), Utterance(""), Utterance("d")]
            waiting = asyncio.create_task(b.service.parse_all(several, deadline, stays))
            await turns()
            assert not waiting.done()
            jump(monkeypatch, PATIENCE_S - 1)
            await turns(10)
            assert waiting.done()
            outcomes = await waiting
            assert [outcomes[0], outcomes[1], outcomes[3]] == [LATE] * 3
            assert isinstance(outcomes[2], EmptyText)
        await running
        assert b.gate.batches() == []
        assert b.utterances() == {"ok": 1, "deadline_exceeded": 3, "empty_text": 1}


async def test_others_have_turns_of_the_loop_while_several_long_ones_are_admitted() -> None:
    async with bench(Limits(queue_tokens=10**6, batch_tokens=64)) as b:
        turn = 0

        async def other() -> None:
            nonlocal turn
            while True:
                await asyncio.sleep(0)
                turn += 1

        taken: list[int] = []
        b.prepared(lambda text: taken.append(turn))
        task = asyncio.create_task(other())
        await turns()
        await b.parse_all(*[PART] * 24)
        task.cancel()
        assert len(set(taken)) == 8


async def test_a_deadline_that_passes_while_several_are_admitted_ends_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench() as b:
        texts = b.prepared(lambda text: jump(monkeypatch, PATIENCE_S) if text == "b" else None)
        deadline = Deadline(in_time().at_s, lambda: LATE)
        with b.gate.held():
            several = [Utterance("a"), Utterance("b"), Utterance("c"), Utterance("")]
            outcomes = await b.service.parse_all(several, deadline, stays)
        assert outcomes[:3] == [LATE] * 3
        assert isinstance(outcomes[3], EmptyText)
        assert texts == ["a", "b"]
        assert b.refusals() == {"deadline_exceeded": 3}


async def test_a_deadline_that_has_passed_costs_no_arrays() -> None:
    async with bench() as b:
        texts = b.prepared()
        with pytest.raises(DeadlineExceeded):
            await b.service.parse(Utterance("a"), passed(), stays)
        assert texts == []


async def test_a_caller_who_departs_while_several_are_admitted_ends_the_admission() -> None:
    async with bench(Limits(queue_tokens=10**6, batch_tokens=64)) as b:
        texts = b.prepared()
        with b.gate.held(), pytest.raises(CallerDeparted):
            await b.service.parse_all([Utterance(PART)] * 5, in_time(), lambda: True)
        assert len(texts) == 3
        assert b.leases() == 0
        assert b.utterances() == {"departed": 5}
        assert (await b.parse("next")).frame == frame("next")
        assert b.gate.batches() == [["next"]]


async def test_what_nobody_foresaw_of_one_item_is_its_own_error() -> None:
    async with bench() as b:

        def fail(text: str) -> None:
            if text == "bad":
                raise ValueError(text)

        b.prepared(fail)
        first, bad, last = await b.parse_all("a", "bad", "b")
        assert [first, last] == [frame("a"), frame("b")]
        assert isinstance(bad, InternalError)
        assert isinstance(bad.__cause__, ValueError)
        with pytest.raises(InternalError, match="found ValueError, expected an answer"):
            await b.parse("bad")
        assert b.utterances() == {"ok": 2, "internal_error": 2}


async def test_whatever_ends_an_admission_nothing_of_it_runs() -> None:
    def broken() -> bool:
        raise OSError("the socket")

    async with bench(Limits(queue_tokens=10**6, batch_tokens=64)) as b:
        with b.gate.held():
            running = asyncio.create_task(b.parse("r"))
            await b.gate.batch()
            with pytest.raises(OSError, match="the socket"):
                await b.service.parse_all([Utterance(PART)] * 5, in_time(), broken)
        await running
        await b.parse("next")
        assert b.gate.batches() == [["next"]]
        gc.collect()


async def test_every_outcome_of_an_utterance_is_counted_of_singles_and_of_several() -> None:
    async with bench() as b:
        await b.parse("a")
        for text in ("", "poison"):
            with pytest.raises(PolyparseError):
                await b.parse(text)
        await b.parse_all("a", "b", "", "poison", WrongType([]))
        assert b.utterances() == {"ok": 3, "empty_text": 2, "model_run_failed": 2, "wrong_type": 1}
        assert b.refusals() == {}


async def test_several_are_parsed_by_one_version_though_another_takes_over() -> None:
    async with bench() as b:
        with b.gate.held():
            several = asyncio.create_task(
                b.service.parse_all([Utterance("a"), Utterance(LONG)], in_time(), stays)
            )
            assert await b.gate.batch() == ["a"]
            b.manager.wish(wish("2"))
            await until(lambda: b.version().identity.version == "2")
            after = asyncio.create_task(b.parse("b"))
        versions = [each.model.version for each in await several if isinstance(each, Parsed)]
        assert versions == ["1", "1"]
        assert (await after).model.version == "2"


async def test_of_several_those_done_by_the_deadline_keep_their_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with bench() as b:
        deadline = in_time()
        with b.gate.held():
            several = asyncio.create_task(
                b.service.parse_all([Utterance("a"), Utterance(LONG), Utterance("")], deadline, stays)
            )
            assert await b.gate.batch() == ["a"]
            b.gate.open()
            await until(lambda: b.version().model.answered_s is not None)
            b.gate.shut()
            jump(monkeypatch, PATIENCE_S)
            await turns()
            assert several.done()
            done, late, empty = frames(await several)
            assert done == frame("a")
            assert isinstance(late, AnswerTimeout)
            assert isinstance(empty, EmptyText)


async def test_several_that_are_not_run_by_the_deadline_are_dropped() -> None:
    async with bench() as b:
        with b.gate.held():
            running = asyncio.create_task(b.parse("r"))
            await b.gate.batch()
            outcomes = await b.service.parse_all([Utterance("a"), Utterance("b")], passed(), stays)
            assert outcomes == [LATE, LATE]
        await running
        assert (await b.parse("next")).frame == frame("next")
        assert b.gate.batches() == [["next"]]
        assert b.refusals() == {"deadline_exceeded": 2}


async def test_several_whose_caller_departed_are_dropped() -> None:
    async with bench() as b:
        with b.gate.held():
            running = asyncio.create_task(b.parse("r"))
            await b.gate.batch()
            leaving = asyncio.create_task(
                b.service.parse_all([Utterance("a"), Utterance("b")], in_time(), lambda: True)
            )
            await turns()
        with pytest.raises(CallerDeparted):
            await leaving
        await running
        assert b.gate.batches() == []
        assert b.leases() == 0
        gc.collect()  # An error that nobody took would be told to the loop now, and fail this test.


async def test_several_whose_caller_is_cancelled_are_dropped_and_give_back_their_lease() -> None:
    async with bench() as b:
        with b.gate.held():
            running = asyncio.create_task(b.parse("r"))
            await b.gate.batch()
            leaving = asyncio.create_task(b.parse_all("a", "b"))
            await turns()
            assert b.leases() == 2
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            assert b.leases() == 1
        await running
        assert (await b.parse("next")).frame == frame("next")
        assert b.gate.batches() == [["next"]]


class TestLongTexts:
    """Their arrays are made beside the event loop, in the turn of what is heavy."""

    async def test_others_are_answered_while_arrays_are_made_and_each_gets_its_own_frame(self) -> None:
        async with bench(ROOMY) as b:
            begun, goes = threading.Event(), threading.Event()

            def wait(text: str) -> None:
                if text == HEAVY:
                    begun.set()
                    assert goes.wait(BOUND_S)

            b.prepared(wait)
            long = asyncio.create_task(b.parse(HEAVY, n_best=2))
            several = asyncio.create_task(b.parse_all("a", f"{HEAVY} too", "b"))
            await until(begun.is_set)
            assert (await b.parse("short")).frame == frame("short")
            goes.set()
            assert (await long).frame == frame(HEAVY, n_best=2)
            assert await several == [frame("a"), frame(f"{HEAVY} too"), frame("b")]

    async def test_the_times_of_their_arrays_and_of_both_waits_are_told(self) -> None:
        async with bench(ROOMY) as b:

            def pass_time(_: str) -> None:
                b.clock.now += 0.5

            b.prepared(pass_time)
            with b.gate.held():
                first = asyncio.create_task(b.parse(f"{HEAVY} first"))
                await b.gate.batch()
                second = asyncio.create_task(b.parse(HEAVY))
                await until(lambda: b.batcher.waiting_tokens > 0)
                b.clock.now += 0.25
            assert (await first).seconds["encode"] == (await second).seconds["encode"] == 0.5
            assert (await second).seconds["queue"] == 0.25

    @pytest.mark.parametrize(
        ("locale", "expected"), [("tlh", UnknownLocale), (None, InternalError)], ids=["refused", "unforeseen"]
    )
    async def test_what_is_wrong_with_them_is_told_as_of_any_other(
        self, locale: str | None, expected: type[PolyparseError]
    ) -> None:
        async with bench(ROOMY) as b:

            def fail(text: str) -> None:
                if locale is None:
                    raise ValueError(text)

            b.prepared(fail)
            with pytest.raises(expected):
                await b.parse(HEAVY, locale=locale)
            (outcome,) = frames(await b.service.parse_all([Utterance(HEAVY, locale)], in_time(), stays))
            assert isinstance(outcome, expected)
            assert b.gate.batches() == []

    async def test_a_deadline_that_passes_before_they_are_made_ends_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with bench(ROOMY) as b:
            with b.gate.held():
                running = asyncio.create_task(b.parse(f"{HEAVY} first"))
                await b.gate.batch()
                texts = b.prepared()
                deadline = Deadline(in_time().at_s, lambda: LATE)
                late = asyncio.create_task(b.service.parse(Utterance(HEAVY), deadline, stays))
                await until(lambda: b.batcher.waiting_tokens > 0)
                jump(monkeypatch, PATIENCE_S)
                await turns()
                with pytest.raises(DeadlineExceeded):
                    await late
                assert b.batcher.waiting_tokens == 0
            await asyncio.wait([running])
            assert texts == []
            assert b.leases() == 0

    async def test_whose_caller_departs_before_they_are_made_is_dropped(self) -> None:
        async with bench(ROOMY) as b:
            texts = b.prepared()
            with pytest.raises(CallerDeparted):
                await b.service.parse(Utterance(HEAVY), in_time(), lambda: True)
            with pytest.raises(CallerDeparted):
                await b.service.parse_all([Utterance("a"), Utterance(HEAVY)], in_time(), lambda: True)
            assert HEAVY not in texts
            assert b.leases() == 0
