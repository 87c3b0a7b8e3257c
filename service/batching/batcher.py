"""The micro-batcher: items in, one future each; a batch forms while the ones before it run.

The event loop's thread owns all state and three callbacks change it: `submit`, `_look`, `_finish`. There is no timer
and no task: once a lane is free, a run starts as soon as the loop's turns bring nothing new, or a batch is full.
A future is resolved by the first of: its run, its caller's departure, the end of the time that `close` gives.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Generic

from polyparse.errors import ModelRunFailed
from service.batching import policy
from service.batching.inference_threads import Lanes
from service.batching.policy import Limits, Size
from service.batching.protocols import FrameT, ItemT, Observer, Outcome, Run
from service.clock import Clock
from service.errors import CallerDeparted, QueueFull, ServiceError, ShuttingDown

QUIET_TURNS = 3
"""Turns of the event loop without a new item after which a batch starts: time to read, to parse and to submit what the
sockets hold, and to answer a batch whose callers then ask again. Larger batches save more than the wait costs: a turn that
has nothing to do takes microseconds."""


@dataclass(slots=True, eq=False)
class Waiter(Generic[ItemT, FrameT]):
    """An item and who waits for its frame."""

    item: ItemT
    size: Size
    future: asyncio.Future[FrameT]
    departed: Callable[[], bool]
    since_s: float


@dataclass(slots=True, eq=False)
class Attempt(Generic[ItemT, FrameT]):
    """What came of running some waiters' items."""

    waiters: Sequence[Waiter[ItemT, FrameT]]
    result: Outcome[FrameT] | ModelRunFailed


class Batcher(Generic[ItemT, FrameT]):
    """Runs items in batches, `lanes` batches at once. Made and used inside a running event loop."""

    def __init__(
        self, run: Run[ItemT, FrameT], *, limits: Limits, lanes: int, clock: Clock, observer: Observer
    ) -> None:
        self._run = run
        self._limits = limits
        self._clock = clock
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._lanes = Lanes(lanes)
        self._lane_count = self._idle = lanes
        self._queue: list[Waiter[ItemT, FrameT]] = []
        self._running: set[Waiter[ItemT, FrameT]] = set()
        self._is_looking = False
        self._quiet_turns = 0
        self._tokens_per_s = 0.0
        self._drained: asyncio.Future[None] | None = None
        self.waiting_tokens = 0
        self.answered_s: float | None = None
        """When a run last succeeded, by the clock."""

    def submit(self, item: ItemT, *, departed: Callable[[], bool] = lambda: False) -> asyncio.Future[FrameT]:
        """Queue an item; cancel the future, or let `departed` become true, to drop it before it runs.

        Raises QueueFull or ShuttingDown at once; the future ends with a frame, ModelRunFailed, CallerDeparted or
        ShuttingDown.
        """
        size = Size(item.n_tokens, item.n_best)
        if self._drained is not None:
            raise ShuttingDown("found a request after the end, expected none")
        if not policy.admits(self.waiting_tokens, size, self._limits):
            raise QueueFull(
                f"found {self.waiting_tokens} tokens waiting, expected at most "
                f"{self._limits.queue_tokens} with this request's {size.cost}",
                retry_after_s=policy.retry_after_s(self.waiting_tokens, self._tokens_per_s),
            )
        waiter = Waiter(item, size, self._loop.create_future(), departed, self._clock())
        self._queue.append(waiter)
        self.waiting_tokens += size.cost
        self._look_soon()
        return waiter.future

    async def close(self, timeout_s: float) -> None:
        """Take no more items, finish what is queued and running, and after `timeout_s` fail what is left."""
        if self._drained is None:
            self._drained = self._loop.create_future()
            self._settle()
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
            self._lanes.close()

    def _look_soon(self) -> None:
        """Count quiet turns from now on, if a lane is free."""
        self._quiet_turns = 0
        if self._idle and not self._is_looking:
            self._is_looking = True
            self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Start what waits, or look again after the next turn."""
        if self._quiet_turns < QUIET_TURNS and self.waiting_tokens < self._limits.batch_tokens:
            self._quiet_turns += 1
            self._loop.call_soon(self._look)
            return
        self._is_looking = False
        self._start()

    def _start(self) -> None:
        """Give each idle lane a batch."""
        while self._idle and self._queue:
            batch = self._form()
            if not batch:
                continue
            self._idle -= 1
            self._running.update(batch)
            self._lanes.submit(partial(self._work, batch))
            now = self._clock()
            for waiter in batch:
                self._observer.queued(now - waiter.since_s)
        self._settle()

    def _form(self) -> list[Waiter[ItemT, FrameT]]:
        """Take the next batch off the queue, without those whose caller has gone."""
        sizes = [waiter.size for waiter in islice(self._queue, policy.LOOKAHEAD)]
        chosen = [self._queue[i] for i in policy.take(sizes, self._idle, self._limits)]
        taken = set(chosen)
        self._queue = [waiter for waiter in self._queue if waiter not in taken]
        self.waiting_tokens -= sum(waiter.size.cost for waiter in chosen)
        return [waiter for waiter in chosen if _is_wanted(waiter)]

    def _work(self, batch: list[Waiter[ItemT, FrameT]]) -> None:
        """Run a batch in a lane's thread; where it fails, each item alone, so that only the bad ones fail."""
        started_s = self._clock()
        attempts = [self._attempt(batch)]
        if len(batch) > 1 and isinstance(attempts[0].result, ModelRunFailed):
            attempts = [self._attempt([waiter]) for waiter in batch]
        with suppress(RuntimeError):  # The loop is closed, and nobody waits any more.
            self._loop.call_soon_threadsafe(self._finish, attempts, self._clock() - started_s)

    def _attempt(self, waiters: Sequence[Waiter[ItemT, FrameT]]) -> Attempt[ItemT, FrameT]:
        try:
            outcome = self._run([waiter.item for waiter in waiters])
            found, expected = len(outcome.frames), len(waiters)
        except BaseException as error:  # Whatever ends a run, its waiters must hear of it.
            failure = ModelRunFailed(f"found {type(error).__name__} from the model, expected frames")
            failure.__cause__ = error
            return Attempt(waiters, failure)
        if found != expected:
            return Attempt(
                waiters, ModelRunFailed(f"found {found} frames from the model, expected {expected}")
            )
        return Attempt(waiters, outcome)

    def _finish(self, attempts: list[Attempt[ItemT, FrameT]], seconds: float) -> None:
        """Answer everybody, free the lane, and only then tell the observer."""
        tokens = 0
        for attempt in attempts:
            self._running.difference_update(attempt.waiters)
            tokens += sum(waiter.size.cost for waiter in attempt.waiters)
            _answer(attempt)
        self._tokens_per_s = policy.smoothed(self._tokens_per_s, tokens, seconds, self._lane_count)
        self._idle += 1
        self._look_soon()
        for attempt in attempts:
            if not isinstance(attempt.result, ModelRunFailed):
                self.answered_s = self._clock()
                self._observer.ran(sum(waiter.size.rows for waiter in attempt.waiters), attempt.result)

    def _settle(self) -> None:
        """Tell `close` once nobody waits any more."""
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
            waiter.future.set_result(frame)


def _is_wanted(waiter: Waiter[ItemT, FrameT]) -> bool:
    if not waiter.future.done() and waiter.departed():
        waiter.future.set_exception(CallerDeparted("the caller hung up while the request was waiting"))
    return not waiter.future.done()


def _fail(waiter: Waiter[ItemT, FrameT], error: ServiceError | ModelRunFailed) -> None:
    if not waiter.future.done():
        waiter.future.set_exception(error)
