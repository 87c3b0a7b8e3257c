"""What is done with frames once they were sent: a log line for each, and a share of their utterances for the shadow."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from polyparse.contract.frame import Utterance
from service.parsed import Parsed
from service.request_trace import CURRENT
from service.shadow.mirror import Mirror, Sent
from service.utterance_log import UtteranceLog


class Afterwards:
    """Asked in the course of a request; `utterance_log` is there where text may be logged."""

    def __init__(self, mirror: Mirror, utterance_log: UtteranceLog | None) -> None:
        self._mirror = mirror
        self._utterance_log = utterance_log

    def __call__(
        self, request_id: str, answered: Sequence[tuple[Utterance, Parsed]]
    ) -> Callable[[], Awaitable[None]] | None:
        """What is to be done with these frames, if anything."""
        if self._utterance_log is None and not self._mirror.is_on:
            return None
        frames = [Sent(utterance, parsed.frame, parsed.model) for utterance, parsed in answered]
        trace = CURRENT.get()
        ids = {} if trace is None else {"trace_id": trace.trace_id}
        return partial(self._do, {"request_id": request_id, **ids}, frames)

    async def _do(self, ids: dict[str, str], frames: Sequence[Sent]) -> None:
        if self._utterance_log is not None:
            await self._utterance_log.write(ids, [(sent.frame, sent.model) for sent in frames])
        if self._mirror.is_on:
            await self._mirror.offer(ids["request_id"], frames)
