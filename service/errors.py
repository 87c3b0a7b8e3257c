"""Every way in which a request can fail, and how HTTP answers: one table from stable code to status and title."""
# ruff: noqa: N818 - a leaf is named after its cause, as in polyparse/errors.py.

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from polyparse.errors import PolyparseError


class Problem(NamedTuple):
    """The HTTP status and title for an error code."""

    status: int
    title: str


PROBLEMS: Mapping[str, Problem] = {
    "empty_text": Problem(422, "The text is empty"),
    "blank_text": Problem(422, "The text holds no word"),
    "text_too_long": Problem(422, "The text is too long"),
    "control_character": Problem(422, "The text holds a control character"),
    "lone_surrogate": Problem(422, "The text holds half of a surrogate pair"),
    "unknown_locale": Problem(422, "No locale of this language is served"),
    "missing_field": Problem(422, "A field is missing"),
    "unknown_field": Problem(422, "A field is not known"),
    "wrong_type": Problem(422, "A field has the wrong type"),
    "invalid_value": Problem(422, "A field has a value that is not allowed"),
    "invalid_header": Problem(400, "A header has a value that is not allowed"),
    "invalid_content_encoding": Problem(400, "The body is not coded as its Content-Encoding says"),
    "malformed_request": Problem(400, "The request is not HTTP/1.1"),
    "invalid_utf8": Problem(400, "The body is not UTF-8"),
    "invalid_json": Problem(400, "The body is not JSON"),
    "version_not_loaded": Problem(404, "The version asked for is not loaded"),
    "unauthorised": Problem(401, "No token, or one that is not known"),
    "not_found": Problem(404, "There is nothing at this path"),
    "method_not_allowed": Problem(405, "This path does not answer this method"),
    "head_timeout": Problem(408, "The head of the request did not arrive in time"),
    "body_timeout": Problem(408, "The body did not arrive in time"),
    "read_only": Problem(409, "The state of the model cannot be edited here"),
    "state_invalid": Problem(409, "The state of the model cannot be read"),
    "candidate_serves": Problem(409, "A candidate stands in the way, or is the stable version"),
    "version_serves": Problem(409, "The version answers requests, and has to stay"),
    "bundle_not_found": Problem(409, "The state names no version to go back to, or to stop"),
    "state_changed": Problem(412, "Another edit came between"),
    "body_too_large": Problem(413, "The body is too large"),
    "batch_too_large": Problem(413, "The batch has too many items"),
    "unsupported_media_type": Problem(
        415, "The body is not application/json, or in a coding that is not known"
    ),
    "version_refused": Problem(422, "A version is not sound, or not there"),
    "precondition_required": Problem(428, "The edit does not say on which generation it was decided"),
    "head_too_large": Problem(431, "The head of the request is too large"),
    "queue_full": Problem(429, "Too many requests are waiting"),
    "internal_error": Problem(500, "The service failed"),
    "model_run_failed": Problem(500, "The model failed on this request"),
    "answer_timeout": Problem(503, "The answer was not ready in time"),
    "not_ready": Problem(503, "No model is ready"),
    "not_live": Problem(503, "The process has to be started anew"),
    "shutting_down": Problem(503, "The service is shutting down"),
    "state_locked": Problem(503, "Another edit goes on, and does not end"),
    "deadline_exceeded": Problem(504, "The answer was not ready by the caller's deadline"),
}

ADMINISTRATION = frozenset(
    {
        *(
            "unauthorised",
            "read_only",
            "state_invalid",
            "candidate_serves",
            "version_serves",
            "bundle_not_found",
        ),
        *("state_changed", "version_refused", "precondition_required", "state_locked"),
    }
)
"""What only those hear who ask about versions, or change which one serves."""

REFUSALS = ("queue_full", "deadline_exceeded", "not_ready", "shutting_down")
"""Outcomes of utterances that the state of the service kept from a frame, admitted or not, whatever their text. A body
that does not come in time is no utterance yet."""


class ServiceError(PolyparseError):
    """The service, and not the parser, refuses the request."""


class BodyTooLarge(ServiceError):
    """The body has more bytes than the limit."""

    code = "body_too_large"


class BodyTimeout(ServiceError):
    """The caller did not send the whole body in time."""

    code = "body_timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"found no whole body within {seconds:g} s, expected one")


class UnsupportedMediaType(ServiceError):
    """The body is announced as something other than JSON in UTF-8, or in a coding that is not known."""

    code = "unsupported_media_type"


class InvalidHeader(ServiceError):
    """A header that the service reads has a value that it cannot take."""

    code = "invalid_header"


class InvalidContentEncoding(ServiceError):
    """The body is no whole stream of the coding that it is announced in."""

    code = "invalid_content_encoding"


class BatchTooLarge(ServiceError):
    """A batch has more items than the limit."""

    code = "batch_too_large"


class InvalidUtf8(ServiceError):
    """The body's bytes are not UTF-8."""

    code = "invalid_utf8"


class InvalidJson(ServiceError):
    """The body is not one JSON document."""

    code = "invalid_json"


class FieldFault(NamedTuple):
    """One wrong field: a JSON pointer to it, and what was found and expected there."""

    pointer: str
    detail: str


class FieldError(ServiceError):
    """Some fields of the request are wrong; the leaf is that of the first one."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(f"{pointer or 'the body'}: {detail}" for pointer, detail in faults))
        self.faults = faults


class MissingField(FieldError):
    """A field that is needed is not there."""

    code = "missing_field"


class UnknownField(FieldError):
    """A field is there that the request does not have."""

    code = "unknown_field"


class WrongType(FieldError):
    """A field is of another JSON type."""

    code = "wrong_type"


class InvalidValue(FieldError):
    """A field is of the right type, but out of its bounds."""

    code = "invalid_value"


class QueueFull(ServiceError):
    """The queue has no room; it should have some in `retry_after_s`."""

    code = "queue_full"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AnswerTimeout(ServiceError):
    """The request waited for its answer longer than allowed."""

    code = "answer_timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"found no answer within {seconds:g} s, expected one")


class DeadlineExceeded(ServiceError):
    """The caller's own deadline passed before the answer was ready."""

    code = "deadline_exceeded"

    def __init__(self, milliseconds: int) -> None:
        super().__init__(f"found no answer within {milliseconds} ms of X-Deadline-Ms, expected one")


class NotReady(ServiceError):
    """No version of the model serves."""

    code = "not_ready"


class NotLive(ServiceError):
    """The process cannot answer any more: every inference thread hangs, or the device is lost."""

    code = "not_live"


class VersionNotLoaded(ServiceError):
    """The caller asks for a version that this process has not loaded."""

    code = "version_not_loaded"


class NothingHere(ServiceError):
    """The path is that of a model or a version that is not here, or of what this service does not do."""

    code = "not_found"


class Unauthorised(ServiceError):
    """The caller shows no token that this service knows, where one is asked for."""

    code = "unauthorised"


class PreconditionRequired(ServiceError):
    """An edit of the state does not say on which generation it was decided."""

    code = "precondition_required"


class ReadOnly(ServiceError):
    """There is no state to edit, or its folder takes no file."""

    code = "read_only"


class VersionRefused(ServiceError):
    """A version that is to serve, or to be tried, is not there or not sound."""

    code = "version_refused"


class VersionServes(ServiceError):
    """A version is to go that answers requests."""

    code = "version_serves"


class ShuttingDown(ServiceError):
    """The batcher takes no more work, or gave up what it had not finished."""

    code = "shutting_down"


class InternalError(ServiceError):
    """Something was raised that nobody foresaw."""

    code = "internal_error"

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"found {type(cause).__name__}, expected an answer")


class CallerDeparted(ServiceError):
    """The caller hung up before the answer; nothing can be sent."""

    code = "departed"
