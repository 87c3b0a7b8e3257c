"""The wire format: what callers send, what they get, and examples of both. Frames are polyparse's own."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from polyparse.contract.frame import Alternative, Choice, Refusal, Slot
from service.api.json_types import NULL_IS_DEFAULT, WHOLE_NUMBER
from service.registry.loaded import ModelVersion

SpanUnit = Literal["codepoint", "utf16", "byte"]
LANGUAGE_TAG = "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"
"""What the schema says of a locale. It is no check: what is none of these is refused as a language that is not served."""
MAX_TAG_CHARS = 64
"""Extensions make a tag longer than the 35 characters of RFC 5646, 4.4.1: en-US-u-ca-gregory-cu-usd-hc-h12-nu-latn."""


class ParseRequest(BaseModel):
    """One utterance, and how it is to be answered; null for an option is its default."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(description="The utterance, in any of the model's languages")]
    locale: Annotated[
        Annotated[str, Field(max_length=MAX_TAG_CHARS, json_schema_extra={"pattern": LANGUAGE_TAG})] | None,
        Field(
            description="BCP 47; an unserved one falls back by language, en-GB to en-US; other languages are refused"
        ),
    ] = None
    n_best: Annotated[
        int,
        Field(description="How many hypotheses, the best included", ge=1, le=10),
        WHOLE_NUMBER,
        NULL_IS_DEFAULT,
    ] = 1
    span_unit: Annotated[
        SpanUnit,
        Field(
            description="What start and end count: code points, UTF-16 code units (JavaScript) or UTF-8 bytes"
        ),
        NULL_IS_DEFAULT,
    ] = "codepoint"
    allow_refusal: Annotated[
        bool,
        Field(description="false for the best hypothesis also where the text is taken for out of domain"),
        NULL_IS_DEFAULT,
    ] = True


class BatchRequest(BaseModel):
    """Utterances that are answered together, each as if it were alone."""

    model_config = ConfigDict(extra="forbid", strict=True)

    items: Annotated[list[Any], Field(description="Requests as POST /parse takes them")]


class ParseResponse(BaseModel):
    """The best hypothesis about the utterance; later versions may add fields.

    Each slot's value is the slice [start, end) of the text as it was sent.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    request_id: str
    text: str
    locale: Annotated[
        str | None, Field(description="The served locale that answered; null if none was asked for")
    ]
    model: ModelVersion
    domain: Annotated[Choice | None, Field(description="null if refused, or if the model knows no domains")]
    intent: Annotated[Choice | None, Field(description="null if refused, or if the model knows no intents")]
    slots: tuple[Slot, ...]
    confidence: Annotated[
        float,
        Field(
            description="Probability of domain, intent and slots together; if refused, of the hypothesis that was"
        ),
    ]
    alternatives: Annotated[
        tuple[Alternative, ...],
        Field(
            description="The next hypotheses, the more probable first; if refused, all that were asked for in n_best"
        ),
    ]
    out_of_domain: Annotated[
        float | None,
        Field(
            description="How likely the text is none of the model's domains, from 0 to 1; null if it does not judge"
        ),
    ] = None
    refused: Annotated[
        Refusal | None, Field(description="Why there is no domain and no intent; null if there are")
    ] = None


class ProblemDocument(BaseModel):
    """RFC 9457 problem details: `code` is stable, `title` and `detail` are for people."""

    type: Annotated[str, Field(description="urn:polyparse:problem: and the code")]
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: Annotated[
        list[dict[Literal["pointer", "detail"], str]] | None,
        Field(description="Each wrong field: a JSON pointer to it, and what was found and expected"),
    ] = None
    retry_after_s: Annotated[
        int | None, Field(description="When to come back, of an item of a batch that found the queue full")
    ] = None


class BatchResponse(BaseModel):
    """An outcome for each item, in their order: its frame, or the problem that POST /parse would have answered."""

    results: list[ParseResponse | ProblemDocument]


REQUESTS: dict[str, dict[str, Any]] = {
    "en-US": {"text": "wake me up at seven am on friday", "locale": "en-US"},
    "es-ES": {"text": "pon una alarma a las siete", "locale": "es-ES", "n_best": 3},
    "it-IT": {"text": "che tempo farà domani a Città di Castello", "locale": "it-IT", "span_unit": "byte"},
    "hi-IN": {"text": "कल सुबह सात बजे का अलार्म लगाओ", "locale": "hi-IN", "span_unit": "utf16"},
    "Hindi and English": {"text": "kal subah seven baje ka alarm set करो"},
}
"""Name -> a request's body: the four languages of the shipped model, and two of them mixed."""

RESPONSE: dict[str, Any] = {
    "request_id": "4f1d0c2ab37e-1",
    "text": "wake me up at seven am on friday",
    "locale": "en-US",
    "model": {
        "name": "massive-4",
        "version": "1.0.0",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c",
    },
    "domain": {"name": "alarm", "confidence": 0.99},
    "intent": {"name": "alarm_set", "confidence": 0.98},
    "slots": [
        {"name": "time", "value": "seven am", "start": 14, "end": 22, "confidence": 0.97},
        {"name": "date", "value": "friday", "start": 26, "end": 32, "confidence": 0.98},
    ],
    "confidence": 0.94,
    "alternatives": [],
    "out_of_domain": 0.02,
    "refused": None,
}

BATCH_REQUEST: dict[str, dict[str, Any]] = {"one of them empty": {"items": [REQUESTS["en-US"], {"text": ""}]}}
BATCH_RESPONSE = {
    "results": [
        RESPONSE,
        {
            "type": "urn:polyparse:problem:empty_text",
            "title": "The text is empty",
            "status": 422,
            "detail": "found an empty text, expected at least one word",
            "code": "empty_text",
            "request_id": "4f1d0c2ab37e-1",
            "errors": [
                {"pointer": "/items/1/text", "detail": "found an empty text, expected at least one word"}
            ],
        },
    ]
}
