"""Parsing an utterance: the deadline that it is given, its place meanwhile, and the frame that comes of it with its cost."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from polyparse.contract.frame import Frame
from polyparse.errors import PolyparseError
from service.admission import Permit
from service.batching.protocols import Answer, SharedRun
from service.errors import CallerDeparted, ServiceError
from service.registry.comparison import Spent
from service.registry.loaded import ModelVersion


class Deadline(NamedTuple):
    """A moment by the event loop's clock, and how to make the error that ends what is not done by then."""

    at_s: float
    late: Callable[[], ServiceError]

    def left_s(self) -> float:
        """Seconds until then; none are left at 0 or less."""
        return self.at_s - asyncio.get_running_loop().time()

    async def bound(self, future: asyncio.Future[Answer[Any]]) -> Answer[Any]:
        """The answer that a future ends with; raises `late()` where none has come by then, and what it ends with else."""
        timer = asyncio.get_running_loop().call_at(self.at_s, self.end, (future,))
        try:
            return await future
        finally:
            timer.cancel()
            del future  # It holds what it ended with, whose traceback holds this frame.

    def end(self, futures: Iterable[asyncio.Future[Answer[Any]]]) -> None:
        """Let those of them that are not done end as late."""
        for future in futures:
            if not future.done():
                future.set_exception(self.late())


class Parsed(NamedTuple):
    """A frame, the version that gave it, and what it cost, in a run that it shared with its batch.

    `since_s` is when it was queued, by the clock, after it was encoded.
    """

    frame: Frame
    model: ModelVersion
    encode_s: float
    since_s: float
    queue_s: float
    shared: SharedRun
    waited_s: float = 0.0
    """For its arrays to be made, before they were."""

    @property
    def seconds(self) -> Mapping[str, float]:
        """By stage, in their order."""
        return {"encode": self.encode_s, "queue": self.waited_s + self.queue_s, **self.shared.seconds}

    @property
    def run(self) -> Spent:
        """Its run as a whole."""
        return Spent(sum(self.shared.seconds.values()), self.shared.tokens, self.shared.items)


class Pending(NamedTuple):
    """An utterance that was admitted; it waited `waited_s` for its arrays to be made."""

    future: asyncio.Future[Answer[Frame]]
    encode_s: float
    permit: Permit
    waited_s: float = 0.0

    def parsed(self, model: ModelVersion, answer: Answer[Frame]) -> Parsed:
        """Its frame and what that cost, from the answer of its run."""
        return Parsed(
            answer.frame, model, self.encode_s, answer.since_s, answer.queue_s, answer.run, self.waited_s
        )

    def outcome(self, model: ModelVersion) -> Parsed | PolyparseError:
        """What it came to, once its future is done; CallerDeparted is raised."""
        try:
            return self.parsed(model, self.future.result())
        except CallerDeparted:
            raise
        except PolyparseError as error:
            return error.with_traceback(None)  # It holds this frame, which holds the future, which holds it.
