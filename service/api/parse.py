"""POST /parse: one utterance, one frame."""

from functools import partial

from polyparse.contract.frame import Frame, Utterance
from service.api.body import decode, hung_up, read_body
from service.api.endpoint import Answered, Call, Handler
from service.api.schemas import ParseRequest, ParseResponse
from service.api.units import in_unit
from service.parsed import Parsed
from service.parsing import ParseService
from service.registry.loaded import ModelVersion
from service.settings import Settings


def parse_handler(service: ParseService, settings: Settings) -> Handler:
    """The route's work."""

    async def handle(call: Call) -> Answered:
        request = decode(ParseRequest, await read_body(call, settings.max_body_bytes))
        departed = partial(hung_up, call.receive)
        utterance = utterance_of(request)
        parsed = await service.parse(
            utterance, call.deadline, departed, asked=call.headers.asked(), permit=call.permit
        )
        after = service.after(call.request_id, [(utterance, parsed)])
        body = rendered(parsed, request, call.request_id)
        return Answered(body, parsed.model.version, parsed, after=after)

    return handle


def utterance_of(request: ParseRequest) -> Utterance:
    """What a request asks of a model."""
    return Utterance(request.text, request.locale, request.n_best, request.allow_refusal)


def rendered(parsed: Parsed, request: ParseRequest, request_id: str) -> bytes:
    """The answer as JSON, its offsets in the unit that was asked for."""
    return _json(in_unit(parsed.frame, request.span_unit), parsed.model, request_id)


def _json(frame: Frame, model: ModelVersion, request_id: str) -> bytes:
    answer = ParseResponse(
        request_id=request_id,
        text=frame.text,
        locale=frame.locale,
        model=model,
        domain=frame.domain,
        intent=frame.intent,
        slots=frame.slots,
        confidence=frame.confidence,
        alternatives=frame.alternatives,
        out_of_domain=frame.out_of_domain,
        refused=frame.refused,
    )
    return ParseResponse.__pydantic_serializer__.to_json(answer)
