"""The use case: from an utterance to its frame within a deadline, on a version of the model. It knows no HTTP.

    lease on a version -> check, room, arrays -> admission to the batcher's queue -> its run, or the deadline

Singles and items of a batch are admitted by the same rule, each by itself; an item waits for those before it in its batch.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.batching.batcher import Batcher
from service.batching.protocols import Answer
from service.clock import Clock
from service.errors import CallerDeparted, InternalError, QueueFull, ServiceError
from service.metrics import OK, Metrics
from service.registry.loaded import ModelVersion
from service.registry.manager import Manager
from service.registry.version import LoadedVersion

CHARS_PER_TURN = 512
"""Characters of a batch after which other requests have a turn of the event loop: a millisecond or two of encoding."""

Departed = Callable[[], bool]
"""Tells whether the caller has gone, so that nothing need be run for him."""


class Deadline(NamedTuple):
    """A moment by the event loop's clock, and how to make the error that ends what is not done by then."""

    at_s: float
    late: Callable[[], ServiceError]

    def left_s(self) -> float:
        """Seconds until then; none are left at 0 or less."""
        return self.at_s - asyncio.get_running_loop().time()


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


BatchItem = Utterance | PolyparseError
Admission = Pending | PolyparseError
Admissions = Sequence[Admission]


class ParseService:
    """Parses utterances on the version that serves or is asked for. All use is in the event loop's thread."""

    def __init__(
        self,
        manager: Manager,
        batcher: Batcher[Any, Frame],
        metrics: Metrics,
        *,
        max_text_chars: int,
        clock: Clock,
    ) -> None:
        self._manager = manager
        self._batcher = batcher
        self._metrics = metrics
        self._max_text_chars = max_text_chars
        self._clock = clock

    async def parse(
        self, utterance: Utterance, deadline: Deadline, departed: Departed, *, pinned: str | None = None
    ) -> Parsed:
        """The frame of one utterance, by version `pinned` where one is asked for.

        Raises:
            InputError: it cannot be parsed.
            ServiceError: no version takes it, it is not admitted, its caller has gone, or it is late (`deadline.late()`).
            ModelRunFailed: the model failed on it.
        """
        try:
            with self._manager.lease(pinned) as version:
                pending = self._admit(version, utterance, deadline, departed)
                future = pending.future
                timer = asyncio.get_running_loop().call_at(deadline.at_s, _expire, (future,), deadline.late)
                try:
                    parsed = _parsed(version, pending, await future)
                finally:
                    timer.cancel()
        except PolyparseError as error:
            self._metrics.utterances(error.code)
            raise
        self._metrics.utterances(OK)
        return parsed

    async def parse_all(
        self,
        utterances: Sequence[BatchItem],
        deadline: Deadline,
        departed: Departed,
        *,
        pinned: str | None = None,
    ) -> list[Parsed | PolyparseError]:
        """Each utterance's frame or error, in order, all on one version; what is an error already stays one.

        Raises:
            NotReady, VersionNotLoaded: no version serves, or not the one that is asked for is loaded.
            CallerDeparted: nobody is left to answer.
        """
        try:
            with self._manager.lease(pinned) as version:
                outcomes = await self._outcomes(version, utterances, deadline, departed)
        except PolyparseError as error:
            self._metrics.utterances(error.code, len(utterances))
            raise
        for each in outcomes:
            self._metrics.utterances(OK if isinstance(each, Parsed) else each.code)
        return outcomes

    async def _outcomes(
        self, version: LoadedVersion, utterances: Sequence[BatchItem], deadline: Deadline, departed: Departed
    ) -> list[Parsed | PolyparseError]:
        admissions: list[Admission] = []
        chars = 0
        try:
            for each in utterances:
                if chars >= CHARS_PER_TURN:
                    chars = 0
                    await asyncio.sleep(0)
                    if departed():
                        raise CallerDeparted("the caller hung up before the whole batch was admitted")
                chars += len(each.text) if isinstance(each, Utterance) else 0
                admissions.append(await self._admit_in_turn(version, each, deadline, departed, admissions))
            if futures := _futures(admissions):
                await asyncio.wait(futures, timeout=deadline.left_s())
                _expire(futures, deadline.late)
            return [_outcome(version, each) if isinstance(each, Pending) else each for each in admissions]
        finally:
            for future in _futures(admissions):  # None may run for nobody, or hold an error that nobody took.
                if not future.cancel() and not future.cancelled():
                    future.exception()

    async def _admit_in_turn(
        self,
        version: LoadedVersion,
        each: BatchItem,
        deadline: Deadline,
        departed: Departed,
        before: Admissions,
    ) -> Admission:
        """Admit an item of a batch; where those before it fill the queue, when some of them are done."""
        while isinstance(each, Utterance):
            try:
                return self._admit(version, each, deadline, departed)
            except QueueFull as error:
                waiting = {future for future in _futures(before) if not future.done()}
                if not self._batcher.is_filled_by(waiting, each.n_best):
                    return error
            except PolyparseError as error:
                return error
            await asyncio.wait(waiting, timeout=deadline.left_s(), return_when=asyncio.FIRST_COMPLETED)
        return each

    def _admit(
        self, version: LoadedVersion, utterance: Utterance, deadline: Deadline, departed: Departed
    ) -> Pending:
        """Check, make arrays, and queue; no arrays for what comes too late or surely finds no room."""
        started_s = self._clock()
        check(utterance.text, max_chars=self._max_text_chars)
        if deadline.left_s() <= 0:
            raise deadline.late()
        self._batcher.check_room(utterance.n_best)
        try:
            item = version.parser.prepare(utterance)
        except PolyparseError:
            raise
        except Exception as error:
            raise InternalError(error) from error
        encode_s = self._clock() - started_s
        version.observer.encoded(encode_s)
        return Pending(self._batcher.submit(item, version.model, departed=departed), encode_s)


def _outcome(version: LoadedVersion, pending: Pending) -> Parsed | PolyparseError:
    try:
        return _parsed(version, pending, pending.future.result())
    except CallerDeparted:
        raise
    except PolyparseError as error:
        return error


def _futures(admissions: Admissions) -> list[asyncio.Future[Answer[Frame]]]:
    return [each.future for each in admissions if isinstance(each, Pending)]


def _parsed(version: LoadedVersion, pending: Pending, answer: Answer[Frame]) -> Parsed:
    return Parsed(answer.frame, version.identity, pending.encode_s, answer.queue_s, answer.run_seconds)


def _expire(futures: Sequence[asyncio.Future[Answer[Frame]]], late: Callable[[], ServiceError]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(late())
