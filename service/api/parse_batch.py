"""POST /parse/batch: several utterances, each with an outcome of its own: a frame, or a problem document."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from functools import partial

from polyparse.contract.frame import Utterance
from polyparse.errors import PolyparseError
from service.api.body import decode_batch, hung_up, read_body
from service.api.endpoint import Answered, Call, Handler
from service.api.parse import rendered, utterance_of
from service.api.problems import document_of
from service.api.schemas import ParseRequest
from service.metrics.labels import NO_VERSION
from service.parsed import Parsed
from service.parsing import BatchItem, ParseService
from service.settings import Settings

ITEMS_PER_TURN = 16
"""Items that are written before other requests have a turn of the event loop: a millisecond where each has ten faults."""


def parse_batch_handler(service: ParseService, settings: Settings) -> Handler:
    """The route's work; the array is joined once, of parts that are JSON already."""

    async def handle(call: Call) -> Answered:
        body = await read_body(call, settings.max_batch_bytes)
        requests = decode_batch(body, settings.max_batch_items)
        utterances = [utterance_of(each) if isinstance(each, ParseRequest) else each for each in requests]
        departed, asked = partial(hung_up, call.receive), call.headers.asked()
        outcomes = await service.parse_all(utterances, call.deadline, departed, asked=asked)
        parts = []
        for position, (outcome, request) in enumerate(zip(outcomes, requests, strict=True), start=1):
            parts.append(_part(outcome, request, call.request_id, f"/items/{position - 1}"))
            if position % ITEMS_PER_TURN == 0:
                await asyncio.sleep(0)
        versions = {each.model.version if isinstance(each, Parsed) else each.version for each in outcomes}
        body = b'{"results":[%b]}' % b",".join(parts)
        after = service.after(call.request_id, list(_frames(utterances, outcomes)))
        return Answered(body, max(versions, default=NO_VERSION), outcomes=outcomes, after=after)

    return handle


def _frames(
    utterances: Sequence[BatchItem], outcomes: Sequence[Parsed | PolyparseError]
) -> Iterator[tuple[Utterance, Parsed]]:
    """The utterances that were answered by a frame."""
    for utterance, outcome in zip(utterances, outcomes, strict=True):
        if isinstance(utterance, Utterance) and isinstance(outcome, Parsed):
            yield utterance, outcome


def _part(
    outcome: Parsed | PolyparseError, request: ParseRequest | PolyparseError, request_id: str, place: str
) -> bytes:
    if isinstance(outcome, Parsed) and isinstance(request, ParseRequest):
        return rendered(outcome, request, request_id)
    assert isinstance(outcome, PolyparseError)  # noqa: S101 - a request that is an error has no other outcome.
    return json.dumps(document_of(outcome, request_id, place=place)).encode()
