"""The use case: from an utterance to its frame within a deadline, on the version that serves. It knows no HTTP.

    lease on the version -> check, arrays -> admission to the batcher's queue -> its run, or the deadline

Singles and items of a batch are admitted by the same rule, each by itself.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.batching.protocols import Answer
from service.clock import Clock
from service.errors import REFUSALS, CallerDeparted, ServiceError
from service.metrics import Metrics
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import Lease, Version

Departed = Callable[[], bool]
"""Tells whether the caller has gone, so that nothing need be run for him."""


class Deadline(NamedTuple):
    """A moment by the event loop's clock, and how to make the error that ends what is not done by then."""

    at_s: float
    late: Callable[[], ServiceError]


class Parsed(NamedTuple):
    """A frame, the version that gave it, and what it cost: seconds by stage, those of its run shared with its batch."""

    frame: Frame
    model: ModelVersion
    encode_s: float
    queue_s: float
    run_seconds: Mapping[str, float]

    @property
    def seconds(self) -> Mapping[str, float]:
        """By stage, in their order."""
        return {"encode": self.encode_s, "queue": self.queue_s, **self.run_seconds}


class Pending(NamedTuple):
    """An utterance that was admitted."""

    future: asyncio.Future[Answer[Frame]]
    encode_s: float


class ParseService:
    """Parses utterances on the version that serves. All use is in the event loop's thread."""

    def __init__(self, manager: Manager, metrics: Metrics, *, max_text_chars: int, clock: Clock) -> None:
        self._manager = manager
        self._metrics = metrics
        self._max_text_chars = max_text_chars
        self._clock = clock

    async def parse(self, utterance: Utterance, deadline: Deadline, departed: Departed) -> Parsed:
        """The frame of one utterance.

        Raises:
            InputError: it cannot be parsed.
            ServiceError: it is not admitted, its caller has departed, or the deadline passed (`deadline.late()`).
            ModelRunFailed: the model failed on it.
        """
        with self._counted_lease() as version:
            pending = self._admit(version, utterance, departed)
            future = pending.future
            timer = asyncio.get_running_loop().call_at(deadline.at_s, _expire, (future,), deadline.late)
            try:
                return _parsed(version, pending, await future)
            except ServiceError as error:
                self._count(error)
                raise
            finally:
                timer.cancel()

    async def parse_all(
        self, utterances: Sequence[Utterance | PolyparseError], deadline: Deadline, departed: Departed
    ) -> list[Parsed | PolyparseError]:
        """Each utterance's frame or error, in order, all on one version; what is an error already stays one.

        Raises:
            NotReady: no version serves.
            CallerDeparted: nobody is left to answer.
        """
        with self._counted_lease() as version:
            admitted = [self._try_admit(version, each, departed) for each in utterances]
            futures = [each.future for each in admitted if isinstance(each, Pending)]
            timer = asyncio.get_running_loop().call_at(deadline.at_s, _expire, futures, deadline.late)
            try:
                await asyncio.gather(*futures, return_exceptions=True)  # cancels them where it is cancelled
            finally:
                timer.cancel()
            return [self._outcome(version, each) if isinstance(each, Pending) else each for each in admitted]

    def _counted_lease(self) -> Lease:
        try:
            return self._manager.lease()
        except ServiceError as error:
            self._count(error)
            raise

    def _admit(self, version: Version, utterance: Utterance, departed: Departed) -> Pending:
        """Check, make arrays, and queue; both are counted."""
        started_s = self._clock()
        check(utterance.text, max_chars=self._max_text_chars)
        item = version.parser.prepare(utterance)
        encode_s = self._clock() - started_s
        self._metrics.of_version(version.identity).encoded(encode_s)
        try:
            return Pending(version.batcher.submit(item, departed=departed), encode_s)
        except ServiceError as error:
            self._count(error)
            raise

    def _try_admit(
        self, version: Version, utterance: Utterance | PolyparseError, departed: Departed
    ) -> Pending | PolyparseError:
        if isinstance(utterance, PolyparseError):
            return utterance
        try:
            return self._admit(version, utterance, departed)
        except PolyparseError as error:
            return error

    def _outcome(self, version: Version, pending: Pending) -> Parsed | PolyparseError:
        try:
            return _parsed(version, pending, pending.future.result())
        except CallerDeparted:
            raise
        except PolyparseError as error:
            self._count(error)
            return error

    def _count(self, error: PolyparseError) -> None:
        """Count a refusal; other errors are outcomes of requests, and counted there."""
        if error.code in REFUSALS:
            self._metrics.refused(error.code)


def _parsed(version: Version, pending: Pending, answer: Answer[Frame]) -> Parsed:
    return Parsed(answer.frame, version.identity, pending.encode_s, answer.queue_s, answer.run_seconds)


def _expire(futures: Sequence[asyncio.Future[Answer[Frame]]], late: Callable[[], ServiceError]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(late())
