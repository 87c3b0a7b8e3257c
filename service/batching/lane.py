"""One queue with inference threads of its own: a batch forms while the ones before it run.

Items run in the order in which they came, and a batch holds items of one model. Where guests hold all threads that they may,
items of others pass theirs.

The event loop's thread owns all state, and callbacks change it: `add`, `_start_when_quiet`, `_start_in_time`, `_finish`.
There is no task: once an inference thread is free, a run starts as soon as some turns of the loop bring no new item, or a
batch is full; one of a small batch a few milliseconds later, where such runs follow each other closely (spacing.py).
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from itertools import chain, islice
from typing import Generic

from polyparse.errors import ModelRunFailed
from service.batching import policy
from service.batching.inference_threads import InferenceThreads
from service.batching.policy import Limits, ThreadStates
from service.batching.protocols import Answer, FrameT, ItemT
from service.batching.run import Attempt, BatchRun, Waiter
from service.batching.spacing import Spacing
from service.clock import Clock

QUIET_TURNS = 3
"""Turns of the event loop without a new item after which a batch starts: time to read, parse and submit the requests that
sockets hold, and to answer a batch whose callers then send the next ones. Larger batches save more than the wait costs: a
turn without work takes microseconds."""
ASK_S = 0.05
"""Time between two times that waiting callers are asked whether they are still there: some microseconds for each of them."""


class Lane(Generic[ItemT, FrameT]):
    """Made and used inside a running event loop.

    An inference thread enters `around` for each run; `changed` is told the attempts of a run that has ended, and none where
    those who waited have gone.
    """

    def __init__(
        self,
        limits: Limits,
        threads: int,
        clock: Clock,
        *,
        around: Callable[[], AbstractContextManager[None]],
        changed: Callable[[Sequence[Attempt[ItemT, FrameT]]], None],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._around = around
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._threads = InferenceThreads(threads)
        self._thread_count = self._idle = threads
        self._guest_threads = policy.threads_of_guests(threads)
        self._queue: dict[asyncio.Future[Answer[FrameT]], Waiter[ItemT, FrameT]] = {}
        self._runs: set[BatchRun[ItemT, FrameT]] = set()
        self._asked_s = -math.inf
        self._is_scheduled = False
        self._quiet_turns = 0
        self._spacing = Spacing(threads, clock)
        self._timer: asyncio.TimerHandle | None = None
        self.waiting_tokens = self.guest_tokens = 0

    def add(self, waiter: Waiter[ItemT, FrameT]) -> None:
        """Queue an item."""
        self._queue[waiter.future] = waiter
        self._count(waiter.cost, is_guest=waiter.is_guest)
        self._schedule_start()
        if self._timer is not None and not self._spacing.left_s(len(self._queue), self.waiting_tokens):
            self._timer.cancel()
            self._timer = None
            self._loop.call_soon(self._start_when_quiet)

    def leave(self, future: asyncio.Future[Answer[FrameT]]) -> None:
        """Take an item off the queue, if it waits there."""
        if (waiter := self._queue.pop(future, None)) is not None:
            self._count(-waiter.cost, is_guest=waiter.is_guest)

    def cost(self, future: asyncio.Future[Answer[FrameT]]) -> int:
        """The tokens of an item that waits here; 0 of any other."""
        waiter = self._queue.get(future)
        return 0 if waiter is None else waiter.cost

    def is_idle(self) -> bool:
        """Whether no item waits, and one that came now would run at once."""
        return not self._queue and self._idle > 0

    def takes_another(self) -> bool:
        """Whether there is an idle thread for one more item beside all that wait."""
        return len(self._queue) < self._idle

    def oldest_wait_s(self) -> float:
        """How long the item at the front of the queue has waited; 0 where none waits."""
        oldest = next(iter(self._queue.values()), None)
        return 0.0 if oldest is None else self._clock() - oldest.since_s

    def thread_states(self, hang_timeout_s: float) -> ThreadStates:
        """How many inference threads are idle, busy, or hang: their batch has run for so long."""
        started_s = [run.started_s for run in self._runs]
        return policy.thread_states(started_s, self._clock() - hang_timeout_s, self._thread_count)

    def waiters(self) -> Iterator[Waiter[ItemT, FrameT]]:
        """All that wait and run."""
        return chain(self._queue.values(), *(run.waiters for run in self._runs))

    def drop_departed(self) -> None:
        """Make room by those whose caller has gone; they are not asked again at once."""
        now = self._clock()
        if now - self._asked_s < ASK_S:
            return
        self._asked_s = now
        for waiter in [each for each in self._queue.values() if not each.still_waits()]:
            self.leave(waiter.future)

    def close(self) -> None:
        """Forget what waits, and let each thread end after its run. Does not wait."""
        self._queue.clear()
        self.waiting_tokens = self.guest_tokens = 0
        self._threads.close()

    def _count(self, tokens: int, *, is_guest: bool) -> None:
        """Count tokens that come into the queue, or, below 0, leave it."""
        self.waiting_tokens += tokens
        self.guest_tokens += tokens * is_guest

    def _schedule_start(self) -> None:
        """Count quiet turns from now on, if a thread is free."""
        self._quiet_turns = 0
        if self._idle and not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._start_when_quiet)

    def _start_when_quiet(self) -> None:
        """Start batches after enough quiet turns, or when one is full, at their time; else check again in the next turn."""
        if self._quiet_turns < QUIET_TURNS and self.waiting_tokens < self._limits.batch_tokens:
            self._quiet_turns += 1
            self._loop.call_soon(self._start_when_quiet)
            return
        if left_s := self._spacing.left_s(len(self._queue), self.waiting_tokens):
            self._timer = self._loop.call_later(left_s, self._start_in_time)
        else:
            self._is_scheduled = False
            self._start()

    def _start_in_time(self) -> None:
        """Start batches that are far enough from the ones before them."""
        self._timer = None
        self._is_scheduled = False
        self._start()

    def _start(self) -> None:
        """Give each idle thread a batch."""
        while self._idle and (front := self._front()):
            batch = self._batch_of(front)
            if not batch:
                continue
            now = self._clock()
            run = BatchRun(batch, now)
            self._idle -= 1
            self._runs.add(run)
            self._spacing.begins(len(self._queue) + sum(len(each.waiters) for each in self._runs))
            self._threads.submit(partial(self._work, run))
            for waiter in batch:
                waiter.queue_s = now - waiter.since_s
                waiter.model.observer.queued(waiter.queue_s)
        self._changed([])

    @property
    def guest_runs(self) -> int:
        """How many threads guests hold."""
        return sum(run.waiters[0].model.is_guest for run in self._runs)

    def _front(self) -> list[Waiter[ItemT, FrameT]]:
        """The items that may run now, as many as are looked at: no guests while they hold all threads that they may."""
        waiters: Iterable[Waiter[ItemT, FrameT]] = self._queue.values()
        if self.guest_tokens and self.guest_runs >= self._guest_threads:
            self.drop_departed()
            waiters = (waiter for waiter in waiters if not waiter.model.is_guest)
        return list(islice(waiters, policy.LOOKAHEAD))

    def _batch_of(self, front: Sequence[Waiter[ItemT, FrameT]]) -> list[Waiter[ItemT, FrameT]]:
        """Take the next batch off the queue, of the first item's model, without those whose caller has gone."""
        for waiter in front:
            if waiter.future.done():  # It takes no room in the batch.
                self.leave(waiter.future)
        alike = _of_one_model([waiter for waiter in front if not waiter.future.done()])
        sizes = [waiter.size for waiter in alike]
        chosen = [alike[i] for i in policy.take(sizes, self._idle, self._limits)]
        for waiter in chosen:
            self.leave(waiter.future)
        return [waiter for waiter in chosen if waiter.still_waits()]

    def _work(self, run: BatchRun[ItemT, FrameT]) -> None:
        """Run a batch in an inference thread, and tell the loop."""
        with self._around():
            attempts = run.attempts(self._clock)
        with suppress(RuntimeError):  # The loop is closed: no future waits any more.
            self._loop.call_soon_threadsafe(self._finish, run, attempts)

    def _finish(self, run: BatchRun[ItemT, FrameT], attempts: list[Attempt[ItemT, FrameT]]) -> None:
        """Resolve all futures, free the thread, and only then tell the observer."""
        self._runs.discard(run)
        for attempt in attempts:
            attempt.answer()
        self._changed(attempts)
        self._idle += 1
        self._spacing.ended(self._clock() - run.started_s)
        self._schedule_start()
        for attempt in attempts:
            if not isinstance(attempt.result, ModelRunFailed):
                model = attempt.waiters[0].model
                model.answered_s = self._clock()
                model.observer.ran(sum(waiter.size.sequences for waiter in attempt.waiters), attempt.result)


def _of_one_model(waiters: Sequence[Waiter[ItemT, FrameT]]) -> list[Waiter[ItemT, FrameT]]:
    """Those of the first one's model."""
    return [waiter for waiter in waiters if waiter.model is waiters[0].model]
