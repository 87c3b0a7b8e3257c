"""Lets the shadow parse what was answered, when nobody waits for anything, and compares the two frames.

    answer sent -> drawn by the share -> no request waits, a thread is free -> its own thread, one at a time -> compared

The shadow never takes an inference thread or room in the queue of requests: it has one thread of low priority, so that it
costs requests little even while it runs, and nothing when it hangs. What is waiting for that thread when requests come to
wait is dropped. A shadow that does not end a parse in time parses nothing more, and leaves its thread behind.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from polyparse.contract.frame import Frame, Utterance
from polyparse.errors import PolyparseError
from service.background import yield_the_processor
from service.batching.batcher import Batcher
from service.batching.policy import Limits
from service.batching.protocols import BatchedModel, Outcome
from service.clock import Clock
from service.errors import CallerDeparted, InternalError, QueueFull, ShuttingDown
from service.metrics.metrics import Metrics
from service.redaction import Redaction
from service.registry.loaded import ModelVersion, ServedParser
from service.registry.manager import Manager
from service.registry.version import Lease, LoadedVersion
from service.shadow.agreement import agreement, reading_of
from service.shadow.disagreements import Disagreement, Disagreements

MOST_IN_FLIGHT = 8
"""Utterances that wait for the shadow's thread, the one that it parses included."""
LIMITS = Limits(queue_tokens=4096, batch_tokens=1)
HANGS_S = 10.0
"""A parse takes milliseconds."""


class Sent(NamedTuple):
    """An utterance, and the frame that a version gave to it."""

    utterance: Utterance
    frame: Frame
    model: ModelVersion


class Mirror:
    """Offers answered utterances to the shadow. All use is in the event loop's thread."""

    def __init__(
        self,
        manager: Manager,
        requests: Batcher[Any, Frame],
        metrics: Metrics,
        *,
        redaction: Redaction | None,
        clock: Clock,
        hangs_s: float = HANGS_S,
    ) -> None:
        """`requests` is where callers wait; `redaction` is how disagreements hold texts and values, if at all."""
        self._manager = manager
        self._requests = requests
        self._metrics = metrics
        self._redaction = redaction
        self._clock = clock
        self._hangs_s = hangs_s
        self._lane: Batcher[Any, Frame] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.disagreements = Disagreements()

    @property
    def is_on(self) -> bool:
        """Whether there is a shadow."""
        return self._manager.candidates.shadow is not None

    async def offer(self, request_id: str, answers: Sequence[Sent]) -> None:
        """Let the shadow parse its share of what the stable version answered. Does not wait for it."""
        for answered in answers:
            serving = self._manager.serving
            if serving is None or answered.model != serving.identity:
                continue
            if self._manager.candidates.is_shadowed():
                self._admit(request_id, answered)

    async def close(self) -> None:
        """Give up what waits and what runs."""
        for task in self._tasks:
            task.cancel()
        if self._lane is not None:
            await self._lane.close(0)

    def _admit(self, request_id: str, answered: Sent) -> None:
        if not self._requests.is_idle():
            self._metrics.candidates.dropped("load")
        elif len(self._tasks) >= MOST_IN_FLIGHT:
            self._metrics.candidates.dropped("busy")
        elif (lease := self._manager.lease_shadow()) is not None:
            task = asyncio.get_running_loop().create_task(self._compare(lease, request_id, answered))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _compare(self, lease: Lease, request_id: str, answered: Sent) -> None:
        """Parse and compare; whatever fails is counted, and nobody's concern."""
        lane = self._lane = self._lane or Batcher(limits=LIMITS, threads=1, clock=self._clock)
        with lease as candidate:
            try:
                async with asyncio.timeout(self._hangs_s):
                    frame, tokens = await self._parse(lane, candidate, answered.utterance)
            except TimeoutError:
                await self._leave(lane)
                self._metrics.candidates.dropped("hangs")
            except CallerDeparted:
                self._metrics.candidates.dropped("load")
            except QueueFull:
                self._metrics.candidates.dropped("busy")
            except ShuttingDown:
                self._metrics.candidates.dropped("stopped")
            except PolyparseError as error:
                self._metrics.candidates.failed(candidate.identity.version, error.code)
            else:
                self._count(candidate.identity, request_id, answered, frame, tokens)

    async def _parse(
        self, lane: Batcher[Any, Frame], candidate: LoadedVersion, utterance: Utterance
    ) -> tuple[Frame, int]:
        """The best hypothesis, and the number of tokens."""
        best = Utterance(utterance.text, utterance.locale, 1, utterance.allow_refusal)
        try:
            item = candidate.parser.prepare(best)
        except PolyparseError:
            raise
        except Exception as error:
            raise InternalError(error) from error
        model = BatchedModel[Any, Frame](_yielding(candidate.parser), SILENT)
        answer = await lane.submit(item, model, departed=lambda: not self._requests.is_idle())
        return answer.frame, item.n_tokens

    async def _leave(self, lane: Batcher[Any, Frame]) -> None:
        """Let the shadow be, and the thread that it holds."""
        if self._lane is lane:
            self._lane = None
            self._manager.candidates.stop_shadow(f"found no frame within {self._hangs_s:g} s, expected one")
            await lane.close(0)

    def _count(
        self, candidate: ModelVersion, request_id: str, answered: Sent, frame: Frame, tokens: int
    ) -> None:
        shown = None if self._redaction is None else self._redaction.of(answered.frame, frame)
        stable, reading = reading_of(answered.frame, shown), reading_of(frame, shown)
        agrees = agreement(stable, reading)
        self._metrics.candidates.compared(candidate.version, answered.frame.locale, agrees)
        if not agrees["frame"]:
            self.disagreements.add(
                Disagreement(
                    request_id=request_id,
                    at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                    locale=answered.frame.locale,
                    characters=len(answered.utterance.text),
                    tokens=tokens,
                    stable_version=answered.model.version,
                    stable=stable,
                    candidate_version=candidate.version,
                    candidate=reading,
                    text=None if shown is None else shown.text,
                )
            )


def _yielding(parser: ServedParser[Any]) -> Callable[[Sequence[Any]], Outcome[Frame]]:
    """The parser's run, for a thread of low priority."""

    def run(items: Sequence[Any], /) -> Outcome[Frame]:
        yield_the_processor()
        return parser.run(items)

    return run


class _Silent:
    """Is told of runs, and tells nobody: what the shadow takes is not the time of requests."""

    def queued(self, seconds: float, /) -> None:
        """Forget it."""

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """Forget it."""


SILENT = _Silent()
