"""The use case: from an utterance to its frame within a deadline, on a version of the model. It knows no HTTP.

    lease on a version -> check, room, arrays -> admission to the batcher's queue -> its run, or the deadline

Arrays of a long text are made in an inference thread, which comes to them in its turn.

Singles and items of a batch are admitted by the same rule, each by itself; an item waits for those before it in its batch.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Set
from typing import Any

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.admission import AdmissionControl, Permit, most_cost, most_tokens
from service.afterwards import Afterwards
from service.batching.batcher import Batcher
from service.batching.policy import Size, work_of
from service.batching.protocols import Answer
from service.clock import Clock
from service.errors import CallerDeparted, QueueFull
from service.metrics.metrics import Metrics
from service.parsed import Deadline, Parsed, Pending
from service.preparation import draft_of, is_long, preparation, prepared
from service.registry.assignment import Asked
from service.registry.manager import Manager
from service.registry.version import LoadedVersion
from service.request_trace import CURRENT

CHARS_PER_TURN = 512
"""Characters of a batch after which other requests have a turn of the event loop: a millisecond or two of encoding."""

FAULTS = ("model_run_failed", "internal_error", "answer_timeout", "deadline_exceeded")
"""Ends of an utterance that may be its version's fault. Callers leave, and queues are full, whatever the version."""
ANY_VERSION = Asked()

Departed = Callable[[], bool]
"""Tells whether the caller has gone, so that nothing need be run for him."""


BatchItem = Utterance | PolyparseError
Admission = Pending | PolyparseError
Admissions = Sequence[Admission]


class ParseService:
    """Parses utterances on the version that serves or is asked for. All use is in the event loop's thread."""

    def __init__(  # noqa: PLR0913 - the parts that it puts to use
        self,
        manager: Manager,
        batcher: Batcher[Any, Frame],
        metrics: Metrics,
        admission: AdmissionControl,
        *,
        max_text_chars: int,
        clock: Clock,
        afterwards: Afterwards | None = None,
    ) -> None:
        self._manager = manager
        self._batcher = batcher
        self._metrics = metrics
        self._admission = admission
        self._max_text_chars = max_text_chars
        self._clock = clock
        self._afterwards = afterwards

    async def parse(
        self,
        utterance: Utterance,
        deadline: Deadline,
        departed: Departed,
        *,
        asked: Asked = ANY_VERSION,
        permit: Permit | None = None,
    ) -> Parsed:
        """The frame of one utterance, by the version that its caller asked for, or one that answers all.

        `permit` is its place inside, where it was let in by its head; whoever gave it takes it back.

        Raises:
            InputError: it cannot be parsed.
            ServiceError: no version takes it, it is not admitted, its caller has gone, or it is late (`deadline.late()`).
            ModelRunFailed: the model failed on it.
        """
        own: Permit | None = None
        try:
            if permit is None:
                permit = own = self._admission.permit(1)
            with self._manager.lease(asked) as version:
                parsed = await self._parse_on(version, utterance, deadline, departed, permit)
        except PolyparseError as error:
            self._metrics.utterances(error.code)
            raise
        finally:
            if own is not None:
                own.leave(is_answered=True)
        self._metrics.parsed(parsed.frame)
        return parsed

    async def parse_all(
        self,
        utterances: Sequence[BatchItem],
        deadline: Deadline,
        departed: Departed,
        *,
        asked: Asked = ANY_VERSION,
    ) -> list[Parsed | PolyparseError]:
        """Each utterance's frame or error, in order, all on one version; what is an error already stays one.

        Raises:
            NotReady, VersionNotLoaded: no version serves, or not the one that is asked for is loaded.
            CallerDeparted: nobody is left to answer.
        """
        try:
            with self._manager.lease(asked) as version:
                outcomes = await self._outcomes(version, utterances, deadline, departed)
                for each in outcomes:
                    self._ended(version, each)
        except PolyparseError as error:
            self._metrics.utterances(error.code, len(utterances))
            raise
        for each in outcomes:
            if isinstance(each, Parsed):
                self._metrics.parsed(each.frame)
            else:
                self._metrics.utterances(each.code)
        return outcomes

    def after(
        self, request_id: str, answered: Sequence[tuple[Utterance, Parsed]]
    ) -> Callable[[], Awaitable[None]] | None:
        """What is to be done once these frames were sent, if anything."""
        return None if self._afterwards is None else self._afterwards(request_id, answered)

    async def _parse_on(
        self,
        version: LoadedVersion,
        utterance: Utterance,
        deadline: Deadline,
        departed: Departed,
        permit: Permit,
    ) -> Parsed:
        pending: Pending | None = None
        try:
            pending = await self._admit(version, utterance, deadline, departed, permit)
            parsed = pending.parsed(version.identity, await deadline.bound(pending.future))
        except PolyparseError as error:
            permit.void()
            self._ended(version, error)
            raise
        finally:
            del pending  # Its future holds the error, whose traceback holds this frame.
        self._ended(version, parsed)
        return parsed

    def _ended(self, version: LoadedVersion, outcome: Parsed | PolyparseError) -> None:
        """Note the version in what may be its fault, and count how an utterance ended on it, while a canary is tried.

        The time of its run counts, and not that in the queue, where all versions wait alike.
        """
        if isinstance(outcome, PolyparseError) and outcome.code in FAULTS:
            outcome.version = version.identity.version
        if self._manager.candidates.split is None:
            return
        if isinstance(outcome, Parsed):
            self._manager.candidates.saw(version, outcome.run)
        elif outcome.code in FAULTS:
            self._manager.candidates.saw(version, None)

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
                deadline.end(futures)
            model = version.identity
            return [each.outcome(model) if isinstance(each, Pending) else each for each in admissions]
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
                return await self._admit_item(version, each, deadline, departed)
            except QueueFull as error:
                waiting = {future for future in _futures(before) if not future.done()}
                if not self._is_filled_by(waiting, before, each):
                    return error.with_traceback(None)
            except CallerDeparted:
                raise
            except PolyparseError as error:
                return error.with_traceback(None)  # It holds this frame, which holds all of the batch.
            await asyncio.wait(waiting, timeout=deadline.left_s(), return_when=asyncio.FIRST_COMPLETED)
        return each

    def _is_filled_by(
        self, waiting: Set[asyncio.Future[Answer[Frame]]], before: Admissions, each: Utterance
    ) -> bool:
        """Whether an item would find room, were it not for those before it in its batch that wait."""
        line = self._admission.line_of(cost := most_cost(each.text, each.n_best))
        permits = (pending.permit for pending in before if isinstance(pending, Pending))
        own = sum(permit.cost for permit in permits if permit.line is line)
        if own and not line.admits(cost):
            return line.admits(cost, own=own)
        return self._batcher.is_filled_by(waiting, each.n_best)

    async def _admit_item(
        self, version: LoadedVersion, each: Utterance, deadline: Deadline, departed: Departed
    ) -> Pending:
        """Admit an item of a batch, which has a place inside of its own until it is done."""
        permit = self._admission.permit(1)
        try:
            pending = await self._admit(version, each, deadline, departed, permit)
        except BaseException:
            permit.leave(is_answered=False)
            raise
        pending.future.add_done_callback(
            lambda future: permit.leave(is_answered=not future.cancelled() and future.exception() is None)
        )
        return pending

    async def _admit(
        self,
        version: LoadedVersion,
        utterance: Utterance,
        deadline: Deadline,
        departed: Departed,
        permit: Permit,
    ) -> Pending:
        """Check, make arrays, and queue; no arrays for what comes too late or surely finds no room."""
        check(utterance.text, max_chars=self._max_text_chars)
        if deadline.left_s() <= 0:
            raise deadline.late()
        permit.grow(most_cost(utterance.text, utterance.n_best))
        self._batcher.check_room(Size(most_tokens(utterance.text), utterance.n_best))
        if is_long(utterance.text):
            drafted = self._batcher.submit(
                draft_of(utterance), preparation(version, self._clock), departed=departed
            )
            try:
                answer: Answer[Any] = await deadline.bound(drafted)
            finally:
                del drafted
            item, encode_s, waited_s = answer.frame, answer.run.seconds["encode"], answer.queue_s
        else:
            started_s = self._clock()
            item = prepared(version.parser, utterance)
            encode_s, waited_s = self._clock() - started_s, 0.0
        if isinstance(item, PolyparseError):
            try:
                raise item
            finally:
                del item  # The traceback holds this frame, and would hold itself by this name.
        permit.settle(work_of(item.n_tokens, item.n_best))
        if (trace := CURRENT.get()) is not None:
            trace.tokens += item.n_tokens
        version.observer.encoded(encode_s)
        future = self._batcher.submit(item, version.model, departed=departed)
        return Pending(future, encode_s, permit, waited_s)


def _futures(admissions: Admissions) -> list[asyncio.Future[Answer[Frame]]]:
    return [each.future for each in admissions if isinstance(each, Pending)]
