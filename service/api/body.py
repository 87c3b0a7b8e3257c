"""The body of a request: read within bounds, then parsed once; after that the type can be trusted."""

import asyncio
import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from functools import lru_cache
from reprlib import repr as brief
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json
from starlette.types import Message, Receive

from polyparse.errors import PolyparseError
from polyparse.text.tokens import check
from service.api.content_encoding import inflated
from service.api.endpoint import Call
from service.api.json_size import beginning
from service.api.schemas import BatchRequest, ParseRequest
from service.errors import (
    BatchTooLarge,
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
MAX_NAME_CHARS = 64
"""Of a name in a pointer; what is longer is none of ours, and is shortened."""
MAX_VALUES = 256
"""JSON values of a request that are looked at. A sound one has six; brackets that nest deeper are not read as JSON."""
MAX_VALUES_OF_ITEM = 16
"""The same in a batch, for each item that it may have, on average."""
SHOWN_BYTES = 200
"""Of a body that is quoted, before the quotation is shortened: of a whole one each byte would be written out first."""

BytesT = TypeVar("BytesT", bytes, bytearray)
ModelT = TypeVar("ModelT", bound=BaseModel)

PREAMBLE = re.compile("^(Input should be|String should have) ")
"""What pydantic puts before what it expected."""
CAUSES: Mapping[str, type[FieldError]] = {
    "missing": MissingField,
    "extra_forbidden": UnknownField,
    "string_type": WrongType,
    "int_type": WrongType,
    "float_type": WrongType,
    "bool_type": WrongType,
    "list_type": WrongType,
    "model_type": WrongType,
}
"""pydantic's type of an error -> its leaf; for all others it is InvalidValue."""


async def read_body(call: Call, max_bytes: int) -> bytes:
    """Read the body, as its headers announce it, by the call's deadline; coding and byte order mark are taken off.

    Raises:
        UnsupportedMediaType, BodyTooLarge: by the headers, or at the first byte too many, inflated or not.
        InvalidContentEncoding: the body is not coded as announced.
        QueueFull: there is no room for what it inflates to.
        CallerDeparted: the caller hung up before the body was whole.
        BodyTimeout, DeadlineExceeded: the rest did not come in time.
    """
    call.headers.check(max_bytes)
    coding = call.headers.coding()
    message = _next_message(call.receive)
    body = b"" if message is None else _within(_part(message), max_bytes)
    if message is None or message.get("more_body", False):  # Rare: nearly all bodies are here at once.
        body = await _with_rest(body, call, max_bytes)
    if coding is not None:
        sent, body = len(body), inflated(body, coding, max_bytes)
        if call.hold is not None:
            call.hold(max(0, len(body) - sent))
    if call.trace is not None:
        call.trace.body_read()
    return body.removeprefix(BOM_UTF8)


def hung_up(receive: Receive) -> bool:
    """Tell whether the caller has gone, once the body is read: one step of `receive`, which waits while he is there."""
    try:
        message = _next_message(receive)
    except Exception:  # A channel that fails has nobody at its other end.
        return True
    return message is not None and bool(message["type"] == "http.disconnect")


def decode(model: type[ModelT], body: bytes) -> ModelT:
    """Parse and validate a body; what is wrong with it is raised as one leaf of the error tree.

    Raises:
        InvalidUtf8, InvalidJson, FieldError, LoneSurrogate: by its beginning, where it has too many values.
        BodyTooLarge: it has too many values, and nothing else is wrong with the first ones.
    """
    if (part := beginning(body, MAX_VALUES)) is not None:
        excess = f"found a body of more than {MAX_VALUES} JSON values, expected at most {MAX_VALUES}"
        raise _cause_in(model, part) or BodyTooLarge(excess)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _cause(model, error, body) from None


def decode_batch(body: bytes, max_items: int) -> list[ParseRequest | PolyparseError]:
    """Parse the envelope, then validate each item by itself: an item that is wrong is its own error, in its place.

    Raises:
        InvalidUtf8, InvalidJson, FieldError: the envelope is wrong.
        BatchTooLarge: it has more items than may be, or more values than so many items have.
    """
    max_values = MAX_VALUES + max_items * MAX_VALUES_OF_ITEM
    if (part := beginning(body, max_values)) is not None:
        excess = f"found more than {max_values} JSON values, expected at most {max_items} items"
        raise _cause_in(BatchRequest, part) or BatchTooLarge(excess)
    try:
        batch = BatchRequest.model_validate_json(body)
    except ValidationError as error:
        batch = _batch_of_loose_json(body, error)
    if len(batch.items) > max_items:
        raise BatchTooLarge(f"/items: found {len(batch.items)} items, expected at most {max_items}")
    return [_item(data, f"/items/{position}") for position, data in enumerate(batch.items)]


def _next_message(receive: Receive) -> Message | None:
    """The message that is there already; None where `receive` would wait."""
    waiting = receive().__await__()
    try:
        next(waiting)
    except StopIteration as end:
        message: Message = end.value
        return message
    waiting.close()
    return None


async def _with_rest(body: bytes, call: Call, max_bytes: int) -> bytes:
    """Put the parts that are still to come behind the one that is there."""
    whole, is_whole = bytearray(body), False
    try:
        async with asyncio.timeout_at(call.deadline.at_s):
            while not is_whole:
                message = await call.receive()
                whole += _part(message)
                _within(whole, max_bytes)
                is_whole = not message.get("more_body", False)
    except TimeoutError:
        raise call.body_late() from None
    return bytes(whole)


def _part(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise CallerDeparted("the caller hung up before the body was whole")
    part: bytes = message.get("body", b"")
    return part


def _within(body: BytesT, max_bytes: int) -> BytesT:
    if len(body) > max_bytes:
        raise BodyTooLarge(f"found a body of more than {max_bytes} bytes, expected at most {max_bytes}")
    return body


def _batch_of_loose_json(body: bytes, error: ValidationError) -> BatchRequest:
    """The envelope where only halves of surrogate pairs in its items keep it from being read; else its error is raised."""
    if error.errors()[0]["type"] == "json_invalid":
        try:
            return BatchRequest.model_validate(json.loads(body.decode()))
        except (ValueError, RecursionError):
            pass
    raise _cause(BatchRequest, error, body) from None


def _item(data: Any, place: str) -> ParseRequest | PolyparseError:
    try:
        return ParseRequest.model_validate(data)
    except ValidationError as error:
        return _text_error(data) or _field_error(ParseRequest, _details(error), place)


def _cause(model: type[BaseModel], error: ValidationError, body: bytes) -> PolyparseError:
    details = _details(error)
    if details[0]["type"] == "json_invalid":
        return _unreadable(details[0]["msg"], body)
    return _field_error(model, details)


def _cause_in(model: type[BaseModel], beginning: bytes) -> PolyparseError | None:
    """What is wrong with a body by its beginning; None where the beginning could be that of a sound one."""
    try:
        model.model_validate(from_json(beginning, allow_partial=True))
    except ValidationError as error:
        details = [each for each in _details(error) if each["type"] != "missing"]  # It may be in the rest.
        return _field_error(model, details) if details else None
    except ValueError as error:
        return _unreadable(str(error), beginning)
    return None


def _details(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False)


def _field_error(model: type[BaseModel], details: list[ErrorDetails], place: str = "") -> FieldError:
    leaf = CAUSES.get(details[0]["type"], InvalidValue)
    return leaf([_fault(model, each, place) for each in details[:MAX_FAULTS]])


def _unreadable(message: str, body: bytes) -> PolyparseError:
    """Say why pydantic could not read the body: not UTF-8, half of a surrogate pair in the text, or not JSON."""
    try:
        if error := _text_error(json.loads(body.decode())):
            return error
    except UnicodeDecodeError as error:
        return InvalidUtf8(f"found byte 0x{body[error.start]:02x} at offset {error.start}, expected UTF-8")
    except (ValueError, RecursionError):
        pass
    shown = body if len(body) <= SHOWN_BYTES else body[: SHOWN_BYTES // 2] + body[-SHOWN_BYTES // 2 :]
    return InvalidJson(
        f"found {brief(shown)}, expected a JSON object: {message.removeprefix('Invalid JSON: ')}"
    )


def _text_error(data: Any) -> PolyparseError | None:
    """What is wrong with the text of a request, where it has one that pydantic could not take."""
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        return None
    try:
        data["text"].encode()
    except UnicodeEncodeError:
        try:
            check(data["text"], max_chars=len(data["text"]))
        except PolyparseError as error:
            return error
    return None


def _fault(model: type[BaseModel], detail: ErrorDetails, place: str) -> FieldFault:
    pointer = place + "".join(map(_step, detail["loc"]))
    if detail["type"] == "missing":
        return FieldFault(pointer, "found nothing, expected this field")
    if detail["type"] == "extra_forbidden":
        return FieldFault(
            pointer, f"found an unknown field, expected {_fields(_model_at(model, detail['loc'][:-1]))}"
        )
    is_no_object = detail["type"] == "model_type"
    expected = "an object" if is_no_object else PREAMBLE.sub("", detail["msg"])
    return FieldFault(pointer, f"found {brief(detail['input'])}, expected {expected}")


def _step(part: str | int) -> str:
    """A part of a JSON pointer (RFC 6901, 3)."""
    name = str(part)
    if len(name) > MAX_NAME_CHARS:
        name = f"{name[: MAX_NAME_CHARS // 2]}...{name[-MAX_NAME_CHARS // 2 :]}"
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _model_at(model: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel]:
    """The model of the object at a place inside of another; the outer one where the place is none of a model."""
    for part in place:
        field = model.model_fields.get(str(part))
        types = () if field is None else (field.annotation, *get_args(field.annotation))
        model = next(
            (each for each in types if isinstance(each, type) and issubclass(each, BaseModel)), model
        )
    return model


@lru_cache(maxsize=32)
def _fields(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)
