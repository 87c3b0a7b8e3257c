"""The micro-batcher: items in, one future each; a batch forms while the ones before it run.

One of it serves the whole process: every model's items share its queue, its bounds and its inference threads, in the order
in which they came, and a batch holds items of one model.

The event loop's thread owns all state and three callbacks change it: `submit`, `_start_when_quiet`, `_finish`. There is
no timer and no task: once an inference thread is free, a run starts as soon as some turns of the loop bring no new item, or
a batch is full.
A future is resolved by the first of: its run, its caller's departure, the end of the time that `close` gives.
"""

import asyncio
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Generic

from polyparse.errors import ModelRunFailed
from service.batching import policy
from service.batching.inference_threads import InferenceThreads
from service.batching.policy import Limits, Size
from service.batching.protocols import Answer, BatchedModel, FrameT, ItemT, Outcome
from service.clock import Clock
from service.errors import CallerDeparted, QueueFull, ServiceError, ShuttingDown

QUIET_TURNS = 3
"""Turns of the event loop without a new item after which a batch starts: time to read, parse and submit the requests that
sockets hold, and to answer a batch whose callers then send the next ones. Larger batches save more than the wait costs: a
turn without work takes microseconds."""


@dataclass(slots=True, eq=False)
class Waiter(Generic[ItemT, FrameT]):
    """An item, and the future that waits for its frame; queued at `since_s` by the clock, it waited `queue_s`."""

    item: ItemT
    model: BatchedModel[ItemT, FrameT]
    size: Size
    cost: int
    future: asyncio.Future[Answer[FrameT]]
    departed: Callable[[], bool]
    since_s: float
    queue_s: float = 0.0


@dataclass(slots=True, eq=False)
class Attempt(Generic[ItemT, FrameT]):
    """One run of some waiters' items, and its result."""

    waiters: Sequence[Waiter[ItemT, FrameT]]
    result: Outcome[FrameT] | ModelRunFailed


class Batcher(Generic[ItemT, FrameT]):
    """Runs items in batches, `threads` batches at once. Made and used inside a running event loop."""

    def __init__(self, *, limits: Limits, threads: int, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._threads = InferenceThreads(threads)
        self._thread_count = self._idle = threads
        self._queue: list[Waiter[ItemT, FrameT]] = []
        self._running: set[Waiter[ItemT, FrameT]] = set()
        self._is_scheduled = False
        self._quiet_turns = 0
        self._tokens_per_s = 0.0
        self._drained: asyncio.Future[None] | None = None
        self.waiting_tokens = 0

    def submit(
        self, item: ItemT, model: BatchedModel[ItemT, FrameT], *, departed: Callable[[], bool] = lambda: False
    ) -> asyncio.Future[Answer[FrameT]]:
        """Queue an item for a model; cancel the future, or let `departed` become true, to drop it before it runs.

        Raises QueueFull or ShuttingDown at once; the future ends with an answer, ModelRunFailed, CallerDeparted or
        ShuttingDown.
        """
        size = Size(item.n_tokens, item.n_best)
        cost = size.cost
        self.check_room(cost)
        waiter = Waiter(item, model, size, cost, self._loop.create_future(), departed, self._clock())
        self._queue.append(waiter)
        self.waiting_tokens += cost
        self._schedule_start()
        return waiter.future

    def check_room(self, cost: int) -> None:
        """Raise QueueFull or ShuttingDown where an item that costs at least so many tokens may not wait."""
        if self._drained is not None:
            raise ShuttingDown("found a request after the end, expected none")
        if not policy.admits(self.waiting_tokens, cost, self._limits):
            raise QueueFull(
                f"found {self.waiting_tokens} tokens waiting, expected at most "
                f"{self._limits.queue_tokens} with at least {cost} of this request",
                retry_after_s=policy.retry_after_s(self.waiting_tokens, self._tokens_per_s),
            )

    def is_filled_by(self, futures: Set[asyncio.Future[Answer[FrameT]]], cost: int) -> bool:
        """Tell whether an item of this cost could wait, did none of these futures' items."""
        tokens = sum(waiter.cost for waiter in self._queue if waiter.future in futures)
        return tokens > 0 and policy.admits(self.waiting_tokens - tokens, cost, self._limits)

    def oldest_wait_s(self) -> float:
        """How long the item at the front of the queue has waited; 0 where none waits."""
        return self._clock() - self._queue[0].since_s if self._queue else 0.0

    async def close(self, timeout_s: float) -> None:
        """Take no more items, finish what is queued and running, and after `timeout_s` fail what is left."""
        if self._drained is None:
            self._drained = self._loop.create_future()
            self._report_drained()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(self._drained)
        except TimeoutError:
            pass
        finally:
            for waiter in [*self._queue, *self._running]:
                _fail(waiter, ShuttingDown(f"found no answer in the last {timeout_s:g} s, expected one"))
            self._queue.clear()
            self.waiting_tokens = 0
            self._threads.close()

    def _schedule_start(self) -> None:
        """Count quiet turns from now on, if a thread is free."""
        self._quiet_turns = 0
        if self._idle and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._start_when_quiet)

    def _start_when_quiet(self) -> None:
        """Start batches after enough quiet turns, or when one is full; else check again in the next turn."""
        if self._quiet_turns < QUIET_TURNS and self.waiting_tokens < self._limits.batch_tokens:
            self._quiet_turns += 1
            self._loop.call_soon(self._start_when_quiet)
            return
        self._is_scheduled = False
        self._start()

    def _start(self) -> None:
        """Give each idle thread a batch."""
        while self._idle and self._queue:
            batch = self._next_batch()
            if not batch:
                continue
            self._idle -= 1
            self._running.update(batch)
            self._threads.submit(partial(self._work, batch))
            now = self._clock()
            for waiter in batch:
                waiter.queue_s = now - waiter.since_s
                waiter.model.observer.queued(waiter.queue_s)
        self._report_drained()

    def _next_batch(self) -> list[Waiter[ItemT, FrameT]]:
        """Take the next batch off the queue, of the first item's model, without those whose caller has gone."""
        model = self._queue[0].model
        alike = [waiter for waiter in islice(self._queue, policy.LOOKAHEAD) if waiter.model is model]
        sizes = [waiter.size for waiter in alike]
        chosen = [alike[i] for i in policy.take(sizes, self._idle, self._limits)]
        taken = set(chosen)
        self._queue = [waiter for waiter in self._queue if waiter not in taken]
        self.waiting_tokens -= sum(waiter.cost for waiter in chosen)
        return [waiter for waiter in chosen if _still_waits(waiter)]

    def _work(self, batch: list[Waiter[ItemT, FrameT]]) -> None:
        """Run a batch in an inference thread; where it fails, each item alone, so that only the bad ones fail."""
        started_s = self._clock()
        attempts = [self._attempt(batch)]
        if len(batch) > 1 and isinstance(attempts[0].result, ModelRunFailed):
            attempts = [self._attempt([waiter]) for waiter in batch]
        with suppress(RuntimeError):  # The loop is closed: no future waits any more.
            self._loop.call_soon_threadsafe(self._finish, attempts, self._clock() - started_s)

    def _attempt(self, waiters: Sequence[Waiter[ItemT, FrameT]]) -> Attempt[ItemT, FrameT]:
        try:
            outcome = waiters[0].model.run([waiter.item for waiter in waiters])
            frames, expected = len(outcome.frames), len(waiters)
        except BaseException as error:  # Whatever ends a run, its waiters must get an error.
            failure = ModelRunFailed(f"found {type(error).__name__} from the model, expected frames")
            failure.__cause__ = error
            return Attempt(waiters, failure)
        if frames != expected:
            return Attempt(
                waiters, ModelRunFailed(f"found {frames} frames from the model, expected {expected}")
            )
        return Attempt(waiters, outcome)

    def _finish(self, attempts: list[Attempt[ItemT, FrameT]], seconds: float) -> None:
        """Resolve all futures, free the thread, and only then tell the observer."""
        tokens = 0
        for attempt in attempts:
            self._running.difference_update(attempt.waiters)
            tokens += sum(waiter.cost for waiter in attempt.waiters)
            _answer(attempt)
        self._tokens_per_s = policy.smoothed(self._tokens_per_s, tokens, seconds, self._thread_count)
        self._idle += 1
        self._schedule_start()
        for attempt in attempts:
            if not isinstance(attempt.result, ModelRunFailed):
                model = attempt.waiters[0].model
                model.answered_s = self._clock()
                model.observer.ran(sum(waiter.size.sequences for waiter in attempt.waiters), attempt.result)

    def _report_drained(self) -> None:
        """Resolve the future that `close` waits for, once no item waits or runs."""
        if self._drained is None or self._drained.done():
            return
        if all(waiter.future.done() for waiter in (*self._queue, *self._running)):
            self._drained.set_result(None)


def _answer(attempt: Attempt[ItemT, FrameT]) -> None:
    if isinstance(attempt.result, ModelRunFailed):
        for waiter in attempt.waiters:
            _fail(waiter, attempt.result)
        return
    for waiter, frame in zip(attempt.waiters, attempt.result.frames, strict=True):
        if not waiter.future.done():
            waiter.future.set_result(Answer(frame, waiter.queue_s, attempt.result.seconds))


def _still_waits(waiter: Waiter[ItemT, FrameT]) -> bool:
    if not waiter.future.done() and waiter.departed():
        waiter.future.set_exception(CallerDeparted("the caller hung up while the request was waiting"))
    return not waiter.future.done()


def _fail(waiter: Waiter[ItemT, FrameT], error: ServiceError | ModelRunFailed) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)
