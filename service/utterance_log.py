"""A log line for each utterance that was answered by a frame, where text may be logged: what was understood, redacted."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from polyparse.contract.frame import Frame
from service.redaction import Redaction
from service.registry.loaded import ModelVersion

LINES_PER_TURN = 16
"""Lines that are made before other requests have a turn of the event loop: a millisecond or two."""

logger = logging.getLogger(__name__)


class UtteranceLog:
    """Writes the lines; `redaction` says what they show."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction

    async def write(self, ids: Mapping[str, str], answered: Sequence[tuple[Frame, ModelVersion]]) -> None:
        """Write a line for each frame; `ids` are those of the request."""
        for position, (frame, model) in enumerate(answered, start=1):
            logger.info("utterance", extra={**ids, "version": model.version, **self._fields(frame)})
            if position % LINES_PER_TURN == 0:
                await asyncio.sleep(0)

    def _fields(self, frame: Frame) -> dict[str, object]:
        redacted = self._redaction.of(frame)
        return {
            "text": redacted.text,
            "locale": frame.locale,
            "domain": None if frame.domain is None else frame.domain.name,
            "intent": None if frame.intent is None else frame.intent.name,
            "slots": [
                {"name": slot.name, "start": slot.start, "end": slot.end, "value": redacted.value(slot)}
                for slot in frame.slots
            ],
        }
