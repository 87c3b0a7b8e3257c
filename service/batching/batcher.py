"""The micro-batcher: items in, one future each.

One of it serves the whole process: every model's items share its bounds and its lanes (lane.py). There are two. What is
heavy, a long text or many hypotheses of one that is not short, has a lane of its own, whose threads have low priority: it
gets all that light ones leave, and where both want a core a quarter of it, whatever of it runs already.

All use is in the event loop's thread. A future is resolved by the first of: its run, its caller's departure, the end of the
time that `close` gives. Whoever resolves it, its item leaves the queue at once, and its tokens with it: no live caller is
refused for one that is gone.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import nullcontext
from itertools import chain
from typing import TYPE_CHECKING, Generic

from service.background import in_the_background
from service.batching import policy
from service.batching.lane import Lane
from service.batching.policy import Limits, Size, ThreadStates
from service.batching.protocols import Answer, BatchedModel, FrameT, ItemT, RunTracer
from service.batching.run import Attempt, Waiter
from service.clock import Clock
from service.errors import QueueFull, ShuttingDown
from service.request_trace import CURRENT, RequestTrace

if TYPE_CHECKING:
    from polyparse.errors import DeviceLost


def soon() -> int:
    """When a refused caller should try again, in whole seconds, where nobody knows how fast others leave."""
    return 1


class Batcher(Generic[ItemT, FrameT]):
    """Runs items in batches, `threads` of each lane at once. Made and used inside a running event loop.

    `retry_after_s` tells in how many seconds a refused caller should try again, `tracer` hears of the runs of requests that
    are traced.
    """

    def __init__(
        self,
        *,
        limits: Limits,
        threads: int,
        clock: Clock,
        retry_after_s: Callable[[], int] = soon,
        tracer: RunTracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._limits = limits
        self._half = policy.half_of(limits)
        self._clock = clock
        self._retry_after_s = retry_after_s
        self._loop = asyncio.get_running_loop()
        self._light = Lane[ItemT, FrameT](limits, threads, clock, around=nullcontext, changed=self._changed)
        self._heavy = Lane[ItemT, FrameT](
            limits, threads, clock, around=in_the_background, changed=self._changed
        )
        self._lanes = (self._light, self._heavy)
        self._drained: asyncio.Future[None] | None = None
        self.device_lost: DeviceLost | None = None
        """What a run ended with after which the device runs nothing more."""

    @property
    def waiting_tokens(self) -> int:
        """Tokens of all that wait."""
        return self._light.waiting_tokens + self._heavy.waiting_tokens

    def submit(
        self, item: ItemT, model: BatchedModel[ItemT, FrameT], *, departed: Callable[[], bool] = lambda: False
    ) -> asyncio.Future[Answer[FrameT]]:
        """Queue an item for a model; cancel the future, or let `departed` become true, to drop it before it runs.

        Raises QueueFull or ShuttingDown at once; the future ends with an answer, ModelRunFailed, CallerDeparted or
        ShuttingDown.
        """
        size = Size(item.n_tokens, item.n_best)
        self.check_room(size)
        if model.is_guest:
            self._check(sum(lane.guest_tokens for lane in self._lanes), size.cost, self._half)
        future: asyncio.Future[Answer[FrameT]] = self._loop.create_future()
        lane = self._heavy if size.is_heavy else self._light
        future.add_done_callback(self._done)
        waiter = Waiter(item, model, size, size.cost, future, departed, self._clock(), model.is_guest)
        if self._tracer is not None and model.labels:
            waiter.trace = _sampled_trace()
        lane.add(waiter)
        return future

    def check_room(self, size: Size) -> None:
        """Raise QueueFull or ShuttingDown where an item of at least this size may not wait."""
        if self._drained is not None:
            raise ShuttingDown("found a request after the end, expected none")
        if (
            size.is_heavy and self._heavy.takes_another()
        ):  # It hardly waits, and is as large as half of a queue.
            return
        if all(policy.admits(waiting, size.cost, limits) for waiting, limits in self._bounds(size)):
            return
        for lane in self._lanes:
            lane.drop_departed()
        for waiting, limits in self._bounds(size):
            self._check(waiting, size.cost, limits)

    def is_idle(self) -> bool:
        """Whether no item waits, and one that came now would run at once."""
        return all(lane.is_idle() for lane in self._lanes)

    def is_filled_by(self, futures: Set[asyncio.Future[Answer[FrameT]]], cost: int) -> bool:
        """Tell whether an item of this cost could wait, did none of these futures' items."""
        tokens = sum(lane.cost(future) for future in futures for lane in self._lanes)
        return tokens > 0 and policy.admits(self.waiting_tokens - tokens, cost, self._limits)

    def oldest_wait_s(self) -> float:
        """How long the item that has waited longest has; 0 where none waits."""
        return max(lane.oldest_wait_s() for lane in self._lanes)

    def thread_states(self, hang_timeout_s: float) -> ThreadStates:
        """How many inference threads are idle, busy, or hang: their batch has run for so long."""
        return policy.states_of([lane.thread_states(hang_timeout_s) for lane in self._lanes])

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
            for waiter in list(self._waiters()):
                waiter.fail(ShuttingDown(f"found no answer in the last {timeout_s:g} s, expected one"))
            for lane in self._lanes:
                lane.close()

    def _bounds(self, size: Size) -> Iterator[tuple[int, Limits]]:
        """The tokens that wait, and how many may, for all and, where an item is heavy, for those of its kind."""
        yield self.waiting_tokens, self._limits
        if size.is_heavy:
            yield self._heavy.waiting_tokens, self._half

    def _check(self, waiting_tokens: int, cost: int, limits: Limits) -> None:
        """Raise QueueFull where so many tokens more than those that wait are too many."""
        if not policy.admits(waiting_tokens, cost, limits):
            raise QueueFull(
                f"found {waiting_tokens} tokens waiting, expected at most "
                f"{limits.queue_tokens} with at least {cost} of this request",
                retry_after_s=self._retry_after_s(),
            )

    def _done(self, future: asyncio.Future[Answer[FrameT]]) -> None:
        """A future is resolved, by whomever."""
        for lane in self._lanes:
            lane.leave(future)
        self._report_drained()

    def _changed(self, attempts: Sequence[Attempt[ItemT, FrameT]]) -> None:
        """A run has ended, or what waited has gone."""
        for attempt in attempts:
            self.device_lost = self.device_lost or attempt.device_lost
            if self._tracer is not None and (traces := attempt.traces):
                model = attempt.waiters[0].model
                self._tracer(model.span, attempt.run, traces, model.labels)
        self._report_drained()

    def _report_drained(self) -> None:
        """Resolve the future that `close` waits for, once no item waits or runs."""
        if self._drained is None or self._drained.done():
            return
        if all(waiter.future.done() for waiter in self._waiters()):
            self._drained.set_result(None)

    def _waiters(self) -> Iterator[Waiter[ItemT, FrameT]]:
        """All that wait and run."""
        return chain(*(lane.waiters() for lane in self._lanes))


def _sampled_trace() -> RequestTrace | None:
    """The trace of the request in whose course an item is queued, if that is kept."""
    trace = CURRENT.get()
    return trace if trace is not None and trace.is_sampled else None
