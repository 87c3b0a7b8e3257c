"""The batcher answers everybody, whatever happens to their neighbours, to the model or to the process."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import ModelRunFailed
from service.batching.batcher import QUIET_TURNS, Batcher
from service.batching.policy import Limits
from service.batching.protocols import Answer, BatchedModel, Outcome
from service.errors import CallerDeparted, QueueFull, ShuttingDown
from tests.service.fakes import BOUND_S, FakeClock, FakeItem, FakeParser, read_words, turns

pytestmark = pytest.mark.anyio

LIMITS = Limits(queue_tokens=100, batch_tokens=64)


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
        self.batcher = Batcher[FakeItem, Frame](limits=limits, threads=threads, clock=self.clock)

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
            running = b.submit("a b c d")
            await b.gate.batch()
            b.clock.now += 2.0
        await running
        with b.gate.held():
            waiting = [b.submit("a")]
            await b.gate.batch()
            waiting += [b.submit("a b c d"), b.submit("a b", n_best=2)]
            with pytest.raises(QueueFull, match="found 8 tokens waiting") as refusal:
                b.submit("a")
            assert refusal.value.retry_after_s == 4
        assert None not in await answers(waiting)


async def test_room_is_told_without_an_item_and_whose_items_leave_none() -> None:
    async with bench(limits=Limits(queue_tokens=4, batch_tokens=64)) as b:
        with b.gate.held():
            running = b.submit("a")
            await b.gate.batch()
            first, second = b.submit("b"), b.submit("c d")
            b.batcher.check_room(1)
            with pytest.raises(QueueFull):
                b.batcher.check_room(2)
            assert b.batcher.is_filled_by({second}, 3)
            assert not b.batcher.is_filled_by({first}, 3)
            assert not b.batcher.is_filled_by({running}, 1)
        await answers([running, first, second])


async def test_a_long_item_between_short_ones_waits_for_no_more_than_those_before_it() -> None:
    async with bench() as b:
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
        run_seconds = {"score": 1e-3, "decode": 2e-4, "assemble": 1e-4}
        assert [await first, await second, await third] == [
            Answer(frame("a"), 0.0, run_seconds),
            Answer(frame("b"), 0.75, run_seconds),
            Answer(frame("c"), 0.5, run_seconds),
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
