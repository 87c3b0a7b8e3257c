"""The batcher answers everybody, whatever happens to their neighbours, to the model or to the process."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import DeviceLost, ModelRunFailed
from service.background import LOW_PRIORITY
from service.batching import policy, spacing
from service.batching.batcher import Batcher
from service.batching.lane import ASK_S, QUIET_TURNS
from service.batching.policy import LOOKAHEAD, Limits, Size
from service.batching.protocols import Answer, BatchedModel, Outcome, SharedRun
from service.errors import CallerDeparted, QueueFull, ShuttingDown
from tests.service.fakes import BOUND_S, FakeClock, FakeItem, FakeParser, read_words, turns

pytestmark = pytest.mark.anyio

LIMITS = Limits(queue_tokens=100, batch_tokens=64)
RETRY_S = 4


class Listener:
    """Remembers what the batcher tells."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.sequences: list[int] = []

    def queued(self, seconds: float) -> None:
        self.waits.append(seconds)

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        assert outcome.seconds
        self.sequences.append(sequences)


class Bench:
    """A batcher over a fake parser, with a clock and a listener."""

    def __init__(self, threads: int, limits: Limits) -> None:
        self.parser = FakeParser()
        self.gate = self.parser.gate
        self.clock = FakeClock()
        self.listener = Listener()
        self.model = self.another_model()
        self.batcher = Batcher[FakeItem, Frame](
            limits=limits, threads=threads, clock=self.clock, retry_after_s=lambda: RETRY_S
        )

    def another_model(self) -> BatchedModel[FakeItem, Frame]:
        """A model whose runs come to the same gate."""
        return BatchedModel(self.parser.run, self.listener)

    def submit(
        self,
        text: str,
        *,
        n_best: int = 1,
        gone: bool = False,
        model: BatchedModel[FakeItem, Frame] | None = None,
    ) -> asyncio.Future[Answer[Frame]]:
        item = self.parser.prepare(Utterance(text, n_best=n_best))
        return self.batcher.submit(item, model or self.model, departed=lambda: gone)


@asynccontextmanager
async def bench(threads: int = 1, limits: Limits = LIMITS) -> AsyncIterator[Bench]:
    b = Bench(threads, limits)
    try:
        yield b
    finally:
        b.gate.open()
        await b.batcher.close(BOUND_S)


async def answers(futures: Sequence[asyncio.Future[Answer[Frame]]]) -> list[Frame | BaseException]:
    """The frame of each answer, or the error in its place."""
    outcomes = await asyncio.gather(*futures, return_exceptions=True)
    return [each.frame if isinstance(each, Answer) else each for each in outcomes]


def frame(text: str) -> Frame:
    return read_words(Utterance(text))


async def test_an_item_gets_its_own_frame() -> None:
    async with bench() as b:
        assert (await b.submit("wake me")).frame == frame("wake me")


async def test_no_batch_mixes_models_and_they_run_in_the_order_in_which_they_came() -> None:
    async with bench() as b:
        second = b.another_model()
        with b.gate.held():
            first = b.submit("first")
            assert await b.gate.batch() == ["first"]
            waiting = [
                b.submit(text, model=model)
                for text, model in (("b", second), ("a", None), ("c", second), ("d", None))
            ]
            assert b.batcher.waiting_tokens == 4
        assert await answers([first, *waiting]) == [frame(text) for text in ("first", "b", "a", "c", "d")]
        assert b.gate.batches() == [["b", "c"], ["a", "d"]]
        assert b.model.answered_s == second.answered_s == b.clock.now


async def test_models_share_the_bound_of_the_queue() -> None:
    async with bench(limits=Limits(queue_tokens=3, batch_tokens=64)) as b:
        with b.gate.held():
            futures = [b.submit("first")]
            await b.gate.batch()
            futures.append(b.submit("a b", model=b.another_model()))
            with pytest.raises(QueueFull):
                b.submit("c d")
        assert await answers(futures) == [frame("first"), frame("a b")]


async def test_what_comes_in_one_turn_runs_together() -> None:
    async with bench() as b:
        await answers([b.submit("a"), b.submit("b"), b.submit("c")])
        assert b.gate.batches() == [["a", "b", "c"]]


async def test_what_comes_turn_after_turn_runs_together() -> None:
    async with bench() as b:
        futures = []
        for text in "abcdef":
            futures.append(b.submit(text))
            await turns(QUIET_TURNS)
        await answers(futures)
        assert b.gate.batches() == [list("abcdef")]


async def test_a_full_batch_does_not_wait_for_quiet() -> None:
    async with bench(limits=Limits(queue_tokens=100, batch_tokens=4)) as b:
        futures = []
        with b.gate.held():
            for count in range(1, 10):
                futures.append(b.submit("a"))
                await turns(1)
                assert b.batcher.waiting_tokens == (count if count < 4 else count - 4)
        await answers(futures)


class TestSpaced:
    """What comes after runs of three items each, that followed each other closely."""

    @staticmethod
    async def crowded(b: Bench, patch: pytest.MonkeyPatch, most_s: float) -> None:
        """A batch of fewer waits nearly so long then, in seconds that pass."""
        patch.setattr(spacing, "MOST_S", most_s)
        for _ in range(20):
            with b.gate.held():
                futures = [b.submit("a"), b.submit("b"), b.submit("c")]
                await b.gate.batch()
                b.clock.now += most_s / 4
            await answers(futures)

    async def test_one_caller_waits_for_others_and_not_for_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with bench() as b:
            await self.crowded(b, monkeypatch, 0.5)
            futures = [b.submit("d")]
            await turns()
            futures.append(b.submit("e"))
            await answers(futures)
            assert b.gate.batches() == [["d", "e"]]

    async def test_as_many_as_are_usual_wait_for_nobody(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with bench() as b:
            await self.crowded(b, monkeypatch, 2 * BOUND_S)
            futures = [b.submit("d")]
            await turns()
            assert b.batcher.waiting_tokens == 1
            futures += [b.submit("e"), b.submit("f")]
            await turns()
            assert b.batcher.waiting_tokens == 0
            await answers(futures)

    async def test_a_caller_who_leaves_while_his_batch_waits_is_not_run(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with bench() as b:
            await self.crowded(b, monkeypatch, 0.5)
            future = b.submit("d")
            await turns()
            future.cancel()
            assert (await b.submit("e")).frame == frame("e")
            assert b.gate.batches() == [["e"]]


async def test_callers_who_ask_again_join_those_who_waited() -> None:
    async with bench() as b:

        async def twice(text: str) -> None:
            await b.submit(text)
            await b.submit(f"{text} again")

        with b.gate.held():
            first = asyncio.gather(twice("a"), twice("b"))
            assert await b.gate.batch() == ["a", "b"]
            waited = b.submit("c")
        await asyncio.gather(first, waited)
        assert b.gate.batches() == [["c", "a again", "b again"]]


async def test_a_batch_forms_while_the_one_before_it_runs() -> None:
    async with bench() as b:
        with b.gate.held():
            first = b.submit("a")
            assert await b.gate.batch() == ["a"]
            later = [b.submit("b"), b.submit("c")]
            await turns()
            assert b.gate.batches() == []
        assert await answers([first, *later]) == [frame("a"), frame("b"), frame("c")]
        assert b.gate.batches() == [["b", "c"]]


async def test_inference_threads_run_at_once() -> None:
    async with bench(threads=2) as b:
        with b.gate.held():
            first = b.submit("a")
            assert await b.gate.batch() == ["a"]
            second = b.submit("b")
            assert await b.gate.batch() == ["b"]
        assert await answers([first, second]) == [frame("a"), frame("b")]


async def test_a_caller_who_leaves_the_queue_is_not_run_and_neighbours_are_answered() -> None:
    async with bench() as b:
        with b.gate.held():
            first = b.submit("a")
            await b.gate.batch()
            leaving, staying = b.submit("b"), b.submit("c")
            leaving.cancel()
        assert await answers([first, staying]) == [frame("a"), frame("c")]
        assert b.gate.batches() == [["c"]]


async def test_a_caller_who_leaves_during_the_run_does_not_keep_neighbours_waiting() -> None:
    async with bench() as b:
        with b.gate.held():
            leaving, staying = b.submit("a"), b.submit("b")
            assert await b.gate.batch() == ["a", "b"]
            leaving.cancel()
        assert (await staying).frame == frame("b")
        assert leaving.cancelled()
        assert (await b.submit("c")).frame == frame("c")


async def test_cancelling_the_task_that_waits_is_not_swallowed() -> None:
    async with bench() as b:

        async def ask() -> Answer[Frame]:
            return await b.submit("a")

        with b.gate.held():
            task = asyncio.create_task(ask())
            await b.gate.batch()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_a_caller_found_departed_before_the_run_is_dropped() -> None:
    async with bench() as b:
        with pytest.raises(CallerDeparted):
            await b.submit("a", gone=True)
        assert (await b.submit("b")).frame == frame("b")
        assert b.gate.batches() == [["b"]]


async def test_a_poisoned_item_fails_alone() -> None:
    async with bench() as b:
        outcomes = await answers([b.submit("a"), b.submit("poison"), b.submit("c")])
        assert (outcomes[0], outcomes[2]) == (frame("a"), frame("c"))
        assert isinstance(outcomes[1], ModelRunFailed)
        assert isinstance(outcomes[1].__cause__, RuntimeError)
        assert (await b.submit("d")).frame == frame("d")


async def test_a_raising_run_reaches_its_waiter_and_the_next_is_answered() -> None:
    async with bench() as b:
        with pytest.raises(ModelRunFailed, match="RuntimeError"):
            await b.submit("poison")
        assert (await b.submit("a")).frame == frame("a")


async def test_a_run_with_a_frame_too_few_reaches_its_waiter_and_harms_no_other() -> None:
    async with bench() as b:
        outcomes = await answers([b.submit("a"), b.submit("miscount")])
        assert outcomes[0] == frame("a")
        assert isinstance(outcomes[1], ModelRunFailed)
        assert str(outcomes[1]) == "found 0 frames from the model, expected 1"


async def test_even_an_exit_raised_in_an_inference_thread_reaches_the_waiter() -> None:
    def leave(_: Sequence[FakeItem], /) -> Outcome[Frame]:
        raise SystemExit

    batcher = Batcher[FakeItem, Frame](limits=LIMITS, threads=1, clock=FakeClock())
    with pytest.raises(ModelRunFailed, match="SystemExit"):
        await batcher.submit(FakeItem(Utterance("a"), 1, 1), BatchedModel(leave, Listener()))
    await batcher.close(BOUND_S)


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    async with bench(limits=Limits(queue_tokens=8, batch_tokens=64)) as b:
        with b.gate.held():
            waiting = [b.submit("a")]
            await b.gate.batch()
            waiting += [b.submit("a b c d"), b.submit("a b", n_best=2)]
            with pytest.raises(QueueFull, match="found 8 tokens waiting") as refusal:
                b.submit("a")
            assert refusal.value.retry_after_s == RETRY_S
        assert None not in await answers(waiting)


async def test_room_is_told_without_an_item_and_whose_items_leave_none() -> None:
    async with bench(limits=Limits(queue_tokens=4, batch_tokens=64)) as b:
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            first, second = b.submit("b"), b.submit("c d")
            b.batcher.check_room(Size(1, 1))
            with pytest.raises(QueueFull):
                b.batcher.check_room(Size(1, 2))
            assert b.batcher.is_filled_by({second}, 3)
            assert not b.batcher.is_filled_by({first}, 3)
            assert not b.batcher.is_filled_by({running}, 1)
        await answers([running, first, second])


async def test_where_sequences_are_padded_a_long_item_waits_for_no_more_than_those_around_it() -> None:
    async with bench(limits=Limits(queue_tokens=1000, batch_tokens=64, is_padded=True)) as b:
        with b.gate.held():
            first = b.submit("a")
            await b.gate.batch()
            long = "x " * 40
            later = [b.submit(text) for text in ("b", long, "c", "d")]
        await answers([first, *later])
        assert b.gate.batches() == [["b", "c", "d"], [long]]


async def test_the_observer_hears_of_waits_and_sequences() -> None:
    async with bench() as b:
        with b.gate.held():
            first = b.submit("a", n_best=3)
            await b.gate.batch()
            second = b.submit("b")
            b.clock.now += 0.25
        await answers([first, second])
        await turns()
        assert b.listener.waits == [0.0, 0.25]
        assert b.listener.sequences == [3, 1]


async def test_an_answer_says_how_long_its_item_waited_and_what_its_run_cost() -> None:
    async with bench() as b:
        with b.gate.held():
            first = b.submit("a")
            await b.gate.batch()
            second = b.submit("b")
            b.clock.now += 0.25
            third = b.submit("c")
            b.clock.now += 0.5
        at_s, seconds = b.clock.now, {"score": 1e-3, "decode": 2e-4, "assemble": 1e-4}
        alone = SharedRun(seconds, tokens=1, items=1, started_s=at_s - 0.75, ended_s=at_s)
        shared = SharedRun(seconds, tokens=2, items=2, started_s=at_s, ended_s=at_s)
        assert [await first, await second, await third] == [
            Answer(frame("a"), at_s - 0.75, 0.0, alone),
            Answer(frame("b"), at_s - 0.75, 0.75, shared),
            Answer(frame("c"), at_s - 0.5, 0.5, shared),
        ]


async def test_the_queue_is_as_old_as_the_item_at_its_front() -> None:
    async with bench(limits=Limits(queue_tokens=100, batch_tokens=1)) as b:
        assert b.batcher.oldest_wait_s() == 0.0
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            assert b.batcher.oldest_wait_s() == 0.0
            waiting = [b.submit("b")]
            b.clock.now += 2.0
            waiting.append(b.submit("c"))
            b.clock.now += 1.0
            assert b.batcher.oldest_wait_s() == 3.0
        await answers([running, *waiting])
        assert b.batcher.oldest_wait_s() == 0.0


async def test_close_finishes_what_is_queued_and_running_and_takes_no_more() -> None:
    async with bench() as b:
        with b.gate.held():
            first = b.submit("a")
            await b.gate.batch()
            second = b.submit("b")
            closing = asyncio.create_task(b.batcher.close(BOUND_S))
            await turns()
            with pytest.raises(ShuttingDown):
                b.submit("c")
        await closing
        assert await answers([first, second]) == [frame("a"), frame("b")]


async def test_close_fails_what_is_not_finished_in_time() -> None:
    async with bench() as b:
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            queued = b.submit("b")
            await b.batcher.close(0)
            outcomes = await answers([running, queued])
            assert [type(error) for error in outcomes] == [ShuttingDown, ShuttingDown]


async def test_close_does_not_wait_for_a_run_that_nobody_waits_for() -> None:
    async with bench() as b:
        with b.gate.held():
            abandoned = b.submit("a")
            await b.gate.batch()
            abandoned.cancel()
            await b.batcher.close(BOUND_S)


async def test_many_callers_leaving_at_random_moments_leave_nobody_unanswered() -> None:
    async with bench(threads=3, limits=Limits(queue_tokens=10**6, batch_tokens=64)) as b:
        futures = {f"{i} word{i % 7}": None for i in range(500)}
        submitted = {text: b.submit(text) for text in futures}
        for step, future in enumerate(submitted.values()):
            if step % 3 == 0:
                future.cancel()
            if step % 50 == 0:
                await turns()
        for text, future in submitted.items():
            assert future.cancelled() or (await future).frame == frame(text)
        assert b.batcher.waiting_tokens == 0


async def test_it_is_idle_while_nothing_waits_and_a_thread_is_free() -> None:
    async with bench() as b:
        assert b.batcher.is_idle()
        with b.gate.held():
            running = b.submit("a")
            assert not b.batcher.is_idle()
            await b.gate.batch()
            assert not b.batcher.is_idle()
        await running
        assert b.batcher.is_idle()


async def test_what_callers_gave_up_leaves_the_queue_while_no_thread_is_free() -> None:
    """Their tokens stayed, and live callers were refused on their account."""
    async with bench(limits=Limits(queue_tokens=4, batch_tokens=64)) as b:
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            abandoned = [b.submit("b c"), b.submit("d e")]
            with pytest.raises(QueueFull):
                b.submit("f")
            abandoned[0].cancel()
            abandoned[1].set_exception(ShuttingDown("a deadline"))
            await turns(1)
            assert b.batcher.waiting_tokens == 0
            alive = b.submit("f g h i")
            assert isinstance(abandoned[1].exception(), ShuttingDown)
        assert await answers([running, alive]) == [frame("a"), frame("f g h i")]
        assert b.gate.batches() == [["f g h i"]]


async def test_callers_who_hung_up_make_room_when_it_is_needed_and_are_not_asked_at_every_refusal() -> None:
    async with bench(limits=Limits(queue_tokens=4, batch_tokens=64)) as b:
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            gone = b.submit("b c d e", gone=True)
            alive = b.submit("f")
            assert isinstance(gone.exception(), CallerDeparted)
            later = b.submit("g h i", gone=True)
            with pytest.raises(QueueFull):
                b.submit("j")
            b.clock.now += 2 * ASK_S
            other = b.submit("j")
            assert isinstance(later.exception(), CallerDeparted)
        assert await answers([running, alive, other]) == [frame("a"), frame("f"), frame("j")]


async def test_what_was_given_up_takes_no_room_in_a_batch() -> None:
    async with bench(limits=Limits(queue_tokens=100, batch_tokens=2)) as b:
        with b.gate.held():
            first = b.submit("a")
            await b.gate.batch()
            abandoned = [b.submit("b"), b.submit("c")]
            rest = [b.submit("d"), b.submit("e")]
        b.gate.open()
        await first
        for future in abandoned:
            future.cancel()
        assert await answers(rest) == [frame("d"), frame("e")]


async def test_close_ends_once_the_last_caller_of_a_run_that_hangs_has_gone() -> None:
    async with bench() as b:
        with b.gate.held():
            abandoned = b.submit("a")
            await b.gate.batch()
            closing = asyncio.create_task(b.batcher.close(BOUND_S))
            await turns()
            abandoned.cancel()
            await closing


async def test_threads_are_idle_busy_or_hang_in_a_batch() -> None:
    async with bench(threads=2) as b:
        assert b.batcher.thread_states(60) == (4, 0, 0)
        with b.gate.held():
            futures = [b.submit("a")]
            await b.gate.batch()
            b.clock.now += 59
            futures.append(b.submit("b"))
            await b.gate.batch()
            assert b.batcher.thread_states(60) == (2, 2, 0)
            b.clock.now += 1
            assert b.batcher.thread_states(60) == (2, 1, 1)
            b.clock.now += 59
            assert b.batcher.thread_states(60).all_hang
        await answers(futures)
        assert b.batcher.thread_states(60) == (4, 0, 0)


async def test_a_lost_device_is_remembered_and_no_item_is_tried_again() -> None:
    runs = []

    def lose(items: Sequence[FakeItem], /) -> Outcome[Frame]:
        runs.append(len(items))
        raise DeviceLost("found a lost device")

    batcher = Batcher[FakeItem, Frame](limits=LIMITS, threads=1, clock=FakeClock())
    model = BatchedModel(lose, Listener())
    futures = [batcher.submit(FakeItem(Utterance(text), 1, 1), model) for text in "abc"]
    assert [type(each) for each in await answers(futures)] == [ModelRunFailed] * 3
    assert runs == [3]
    assert str(batcher.device_lost) == "found a lost device"
    await batcher.close(BOUND_S)


class TestGuests:
    """A model that is not the one that serves, and may hang."""

    @staticmethod
    def guest() -> tuple[BatchedModel[FakeItem, Frame], FakeParser]:
        """A guest with a gate of its own, which is shut."""
        parser = FakeParser()
        parser.gate.shut()
        return BatchedModel(parser.run, Listener(), is_guest=True), parser

    async def test_one_that_hangs_leaves_a_thread_to_the_others_however_many_wait_for_it(self) -> None:
        async with bench(threads=3, limits=Limits(queue_tokens=4 * LOOKAHEAD, batch_tokens=1)) as b:
            guest, parser = self.guest()
            another = BatchedModel(parser.run, Listener(), is_guest=True)
            held = [b.submit("a", model=guest), b.submit("b", model=another)]
            assert sorted([await parser.gate.batch(), await parser.gate.batch()]) == [["a"], ["b"]]
            waiting = [b.submit("c", model=guest) for _ in range(LOOKAHEAD + 1)]
            assert await answers([b.submit("d"), b.submit("e")]) == [frame("d"), frame("e")]
            assert parser.gate.batches() == []
            parser.gate.open()
            assert await answers([*held, waiting[-1]]) == [frame("a"), frame("b"), frame("c")]

    async def test_what_waits_for_one_that_hangs_leaves_its_room_with_its_caller(self) -> None:
        async with bench(threads=2) as b:
            guest, parser = self.guest()
            held = b.submit("a", model=guest)
            await parser.gate.batch()
            late, gone = b.submit("b b", model=guest), b.submit("c c", gone=True, model=guest)
            late.cancel()
            assert b.batcher.waiting_tokens == 4
            assert (await b.submit("d")).frame == frame("d")
            assert b.batcher.waiting_tokens == 0
            assert b.batcher.is_idle()
            assert isinstance(gone.exception(), CallerDeparted)
            parser.gate.open()
            assert (await held).frame == frame("a")

    async def test_they_fill_half_of_the_queue_and_no_more(self) -> None:
        async with bench(threads=2, limits=Limits(queue_tokens=8, batch_tokens=64)) as b:
            guest, parser = self.guest()
            held = [b.submit("a", model=guest)]
            await parser.gate.batch()
            held += [b.submit("b b b", model=guest), b.submit("c", model=guest)]
            with pytest.raises(QueueFull, match="found 4 tokens waiting, expected at most 4 with at least 1"):
                b.submit("d", model=guest)
            assert (await b.submit("e e e e")).frame == frame("e e e e")
            parser.gate.open()
            await answers(held)
            assert (await b.submit("f f f f", model=guest)).frame == frame("f f f f")

    async def test_alone_they_use_the_only_thread(self) -> None:
        async with bench(threads=1) as b:
            guest, parser = self.guest()
            parser.gate.open()
            assert (await b.submit("a", model=guest)).frame == frame("a")

    async def test_one_that_serves_meanwhile_is_a_guest_no_more(self) -> None:
        async with bench(threads=2) as b:
            guest, parser = self.guest()
            held = [b.submit("a", model=guest)]
            await parser.gate.batch()
            held.append(b.submit("b", model=guest))
            guest.is_guest = False
            held.append(b.submit("c", model=guest))
            assert await parser.gate.batch() == ["b", "c"]
            parser.gate.open()
            assert await answers(held) == [frame(text) for text in "abc"]
            assert (
                b.batcher.waiting_tokens == b.batcher._light.guest_tokens == b.batcher._light.guest_runs == 0
            )


HEAVY = "x " * (policy.HEAVY_WORK + 1)


class TestHeavy:
    """What takes long has a lane of its own."""

    @staticmethod
    def slow() -> tuple[BatchedModel[FakeItem, Frame], FakeParser]:
        """A model with a gate of its own, which is shut."""
        parser = FakeParser()
        parser.gate.shut()
        return BatchedModel(parser.run, Listener()), parser

    @pytest.mark.parametrize("threads", [1, 2])
    async def test_however_many_wait_and_run_light_ones_have_all_their_threads(self, threads: int) -> None:
        async with bench(threads=threads, limits=Limits(queue_tokens=10_000, batch_tokens=64)) as b:
            slow, parser = self.slow()
            held = [b.submit(HEAVY, model=slow) for _ in range(20)]
            for _ in range(threads):
                await parser.gate.batch()
            b.gate.shut()
            light = []
            for text in list("ab")[:threads]:
                light.append(b.submit(text))
                assert await b.gate.batch() == [text]
            b.gate.open()
            assert await answers(light) == [frame(text) for text in list("ab")[:threads]]
            parser.gate.open()
            assert await answers(held) == [frame(HEAVY)] * 20

    async def test_light_ones_that_hold_all_their_threads_leave_it_its_own(self) -> None:
        async with bench(limits=Limits(queue_tokens=1000, batch_tokens=64)) as b:
            slow, parser = self.slow()
            held = b.submit("light", model=slow)
            await parser.gate.batch()
            assert (await b.submit(HEAVY)).frame == frame(HEAVY)
            parser.gate.open()
            await held

    async def test_its_threads_and_no_others_have_low_priority(self) -> None:
        seen: dict[int, int] = {}

        def look(items: Sequence[FakeItem], /) -> Outcome[Frame]:
            seen[items[0].n_tokens] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
            return FakeParser().run(items)

        usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        async with bench(limits=Limits(queue_tokens=1000, batch_tokens=64)) as b:
            model = BatchedModel(look, Listener())
            await answers([b.submit(text, model=model) for text in (HEAVY, "a")])
        assert seen == {policy.HEAVY_WORK + 1: max(usual, LOW_PRIORITY), 1: usual}

    async def test_it_runs_in_the_order_in_which_it_came_in_batches_as_any_other(self) -> None:
        async with bench(limits=Limits(queue_tokens=10_000, batch_tokens=200)) as b:
            texts = [f"{number} {HEAVY}" for number in range(7)]
            with b.gate.held():
                first = b.submit(texts[0])
                await b.gate.batch()
                rest = [b.submit(text) for text in texts[1:]]
            assert await answers([first, *rest]) == [frame(text) for text in texts]
            assert b.gate.batches() == [texts[number : number + 3] for number in (1, 4)]

    async def test_it_fills_half_of_the_queue_and_no_more(self) -> None:
        async with bench(limits=Limits(queue_tokens=200, batch_tokens=64)) as b:
            slow, parser = self.slow()
            held = [b.submit(HEAVY, model=slow)]
            await parser.gate.batch()
            held.append(b.submit(HEAVY, model=slow))
            with pytest.raises(QueueFull, match="found 65 tokens waiting, expected at most 100"):
                b.submit(HEAVY)
            assert (await b.submit("a " * 60)).frame == frame("a " * 60)
            parser.gate.open()
            await answers(held)

    async def test_what_finds_an_idle_thread_needs_no_room(self) -> None:
        async with bench(threads=3, limits=Limits(queue_tokens=64, batch_tokens=64)) as b:
            with b.gate.held():
                futures = [b.submit(HEAVY) for _ in range(3)]
                with pytest.raises(QueueFull):
                    b.submit(HEAVY)
                for _ in range(3):
                    assert await b.gate.batch() == [HEAVY]
                futures.append(b.submit(HEAVY))
            assert await answers(futures) == [frame(HEAVY)] * 4

    async def test_it_is_dropped_with_its_caller_as_any_other(self) -> None:
        async with bench(limits=Limits(queue_tokens=1000, batch_tokens=64)) as b:
            with b.gate.held():
                running = b.submit(HEAVY)
                await b.gate.batch()
                gone, cancelled = b.submit(HEAVY, gone=True), b.submit(HEAVY)
                cancelled.cancel()
                await turns()
                assert b.batcher.waiting_tokens == policy.HEAVY_WORK + 1
                assert not b.batcher.is_idle()
            assert await answers([running]) == [frame(HEAVY)]
            assert isinstance((await answers([gone]))[0], CallerDeparted)
            assert b.gate.batches() == []
