"""The body of a request: read within bounds, then parsed once; after that the type can be trusted."""

import json
from collections.abc import Mapping
from reprlib import repr as brief

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.types import Receive

from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.api.schemas import ParseRequest
from service.errors import (
    BodyTooLarge,
    CallerDeparted,
    FieldError,
    FieldFault,
    InvalidJson,
    InvalidUtf8,
    InvalidValue,
    MissingField,
    UnknownField,
    WrongType,
)

MAX_FAULTS = 10

CAUSES: Mapping[str, type[FieldError]] = {
    "missing": MissingField,
    "extra_forbidden": UnknownField,
    "string_type": WrongType,
    "int_type": WrongType,
    "model_type": WrongType,
}
"""pydantic's type of an error -> its leaf; the others say that a value is out of bounds."""


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Read the body; raise BodyTooLarge at the first byte too many, CallerDeparted if the rest never comes."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerDeparted("the caller hung up before the body was whole")
        part, more = message.get("body", b""), message.get("more_body", False)
        body = body + part if body else part
        if len(body) > max_bytes:
            raise BodyTooLarge(f"found a body of more than {max_bytes} bytes, expected at most {max_bytes}")
    return body


def hung_up(receive: Receive) -> bool:
    """Tell whether the caller has gone, once the body is read: one step of `receive`, which waits while he is there."""
    waiting = receive().__await__()
    try:
        next(waiting)
    except StopIteration as end:
        return bool(end.value["type"] == "http.disconnect")
    except Exception:  # A channel that fails has nobody at its other end.
        return True
    waiting.close()
    return False


def decode(body: bytes) -> ParseRequest:
    """Parse and validate a body; what is wrong with it is raised as one leaf of the error tree."""
    try:
        return ParseRequest.model_validate_json(body)
    except ValidationError as error:
        raise _cause(error, body) from None


def _cause(error: ValidationError, body: bytes) -> PolyparseError:
    details = error.errors(include_url=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return _unreadable(details[0]["msg"], body)
    leaf = CAUSES.get(details[0]["type"], InvalidValue)
    return leaf([_fault(each) for each in details[:MAX_FAULTS]])


def _unreadable(message: str, body: bytes) -> PolyparseError:
    """Say why pydantic could not read the body: not UTF-8, half of a surrogate pair in the text, or not JSON."""
    try:
        loose = json.loads(body.decode())
        if isinstance(loose, dict) and isinstance(loose.get("text"), str):
            check(loose["text"], max_chars=len(body))
    except UnicodeDecodeError as error:
        return InvalidUtf8(f"found byte 0x{body[error.start]:02x} at offset {error.start}, expected UTF-8")
    except PolyparseError as error:
        return error
    except (ValueError, RecursionError):
        pass
    return InvalidJson(
        f"found {brief(body)}, expected a JSON object: {message.removeprefix('Invalid JSON: ')}"
    )


def _fault(detail: ErrorDetails) -> FieldFault:
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in detail["loc"])
    if detail["type"] == "missing":
        return FieldFault(pointer, "found nothing, expected this field")
    if detail["type"] == "extra_forbidden":
        return FieldFault(pointer, f"found an unknown field, expected {', '.join(ParseRequest.model_fields)}")
    expected = detail["msg"].removeprefix("Input should be ")
    return FieldFault(pointer, f"found {brief(detail['input'])}, expected {expected}")
