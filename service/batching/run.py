"""One batch in an inference thread: those who wait for its frames, its attempts, and what each of them is answered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from polyparse.errors import DeviceLost, ModelRunFailed
from service.batching.policy import Size
from service.batching.protocols import Answer, BatchedModel, FrameT, ItemT, Outcome, SharedRun
from service.clock import Clock
from service.errors import CallerDeparted, ServiceError
from service.request_trace import RequestTrace


@dataclass(slots=True, eq=False)
class Waiter(Generic[ItemT, FrameT]):
    """An item, and the future that waits for its frame; queued at `since_s` by the clock, it waited `queue_s`.

    `is_guest` is what its model was when it was queued, and its tokens count so as long as it waits.
    """

    item: ItemT
    model: BatchedModel[ItemT, FrameT]
    size: Size
    cost: int
    future: asyncio.Future[Answer[FrameT]]
    departed: Callable[[], bool]
    since_s: float
    is_guest: bool = False
    queue_s: float = 0.0
    trace: RequestTrace | None = None

    def still_waits(self) -> bool:
        """Whether it has no answer yet, and its caller is there."""
        if not self.future.done() and self.departed():
            self.future.set_exception(CallerDeparted("the caller hung up while the request was waiting"))
        return not self.future.done()

    def fail(self, error: ServiceError | ModelRunFailed) -> None:
        """Answer with an error, unless there is an answer."""
        if not self.future.done():
            self.future.set_exception(error)


@dataclass(slots=True, eq=False)
class Attempt(Generic[ItemT, FrameT]):
    """One run of some waiters' items, and its result."""

    waiters: Sequence[Waiter[ItemT, FrameT]]
    result: Outcome[FrameT] | ModelRunFailed
    run: SharedRun

    @property
    def traces(self) -> list[RequestTrace]:
        """Those of its requests that have one, each once."""
        return list(dict.fromkeys(waiter.trace for waiter in self.waiters if waiter.trace is not None))

    @property
    def device_lost(self) -> DeviceLost | None:
        """Why the device runs nothing more, where that is the result."""
        cause = self.result.__cause__ if isinstance(self.result, ModelRunFailed) else None
        return cause if isinstance(cause, DeviceLost) else None

    def answer(self) -> None:
        """Resolve the futures of all who still wait."""
        if isinstance(self.result, ModelRunFailed):
            for waiter in self.waiters:
                waiter.fail(self.result)
            return
        for waiter, frame in zip(self.waiters, self.result.frames, strict=True):
            if not waiter.future.done():
                waiter.future.set_result(Answer(frame, waiter.since_s, waiter.queue_s, self.run))


@dataclass(slots=True, eq=False)
class BatchRun(Generic[ItemT, FrameT]):
    """A batch, and when its last attempt began, by the clock."""

    waiters: Sequence[Waiter[ItemT, FrameT]]
    started_s: float

    def attempts(self, clock: Clock) -> list[Attempt[ItemT, FrameT]]:
        """Run the batch, in an inference thread; where it fails, each item alone, so that only the bad ones fail."""
        whole = self._attempt(self.waiters, clock)
        is_worth_another = isinstance(whole.result, ModelRunFailed) and whole.device_lost is None
        if len(self.waiters) > 1 and is_worth_another:
            return [self._attempt([waiter], clock) for waiter in self.waiters]
        return [whole]

    def _attempt(self, waiters: Sequence[Waiter[ItemT, FrameT]], clock: Clock) -> Attempt[ItemT, FrameT]:
        self.started_s = clock()
        result = _result(waiters)
        seconds = {} if isinstance(result, ModelRunFailed) else result.seconds
        tokens = sum(waiter.size.cost for waiter in waiters)
        return Attempt(waiters, result, SharedRun(seconds, tokens, len(waiters), self.started_s, clock()))


def _result(waiters: Sequence[Waiter[ItemT, FrameT]]) -> Outcome[FrameT] | ModelRunFailed:
    try:
        outcome = waiters[0].model.run([waiter.item for waiter in waiters])
        frames, expected = len(outcome.frames), len(waiters)
    except BaseException as error:  # Whatever ends a run, its waiters must get an error.
        failure = ModelRunFailed(f"found {type(error).__name__} from the model, expected frames")
        failure.__cause__ = error
        return failure
    if frames != expected:
        return ModelRunFailed(f"found {frames} frames from the model, expected {expected}")
    return outcome
