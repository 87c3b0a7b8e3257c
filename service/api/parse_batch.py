"""POST /parse/batch: several utterances, each with an outcome of its own: a frame, or a problem document."""

import asyncio
import json
from functools import partial

from polyparse.errors import PolyparseError
from service.api.body import decode_batch, hung_up, read_body
from service.api.endpoint import Answered, Call, Handler
from service.api.parse import rendered, utterance_of
from service.api.problems import document_of
from service.api.schemas import ParseRequest
from service.metrics import NO_VERSION
from service.parsing import Parsed, ParseService
from service.settings import Settings

ITEMS_PER_TURN = 16
"""Items that are written before other requests have a turn of the event loop: a millisecond where each has ten faults."""


def parse_batch_handler(service: ParseService, settings: Settings) -> Handler:
    """The route's work; the array is joined once, of parts that are JSON already."""

    async def handle(call: Call) -> Answered:
        body = await read_body(call, settings.max_batch_bytes)
        requests = decode_batch(body, settings.max_batch_items)
        utterances = [utterance_of(each) if isinstance(each, ParseRequest) else each for each in requests]
        departed, pinned = partial(hung_up, call.receive), call.headers.model_version
        outcomes = await service.parse_all(utterances, call.deadline, departed, pinned=pinned)
        parts = []
        for position, (outcome, request) in enumerate(zip(outcomes, requests, strict=True), start=1):
            parts.append(_part(outcome, request, call.request_id, f"/items/{position - 1}"))
            if position % ITEMS_PER_TURN == 0:
                await asyncio.sleep(0)
        versions = {outcome.model.version for outcome in outcomes if isinstance(outcome, Parsed)}
        body = b'{"results":[%b]}' % b",".join(parts)
        return Answered(body, "".join(versions) or NO_VERSION, outcomes=outcomes)

    return handle


def _part(
    outcome: Parsed | PolyparseError, request: ParseRequest | PolyparseError, request_id: str, place: str
) -> bytes:
    if isinstance(outcome, Parsed) and isinstance(request, ParseRequest):
        return rendered(outcome, request, request_id)
    assert isinstance(outcome, PolyparseError)  # noqa: S101 - a request that is an error has no other outcome.
    return json.dumps(document_of(outcome, request_id, place=place)).encode()
