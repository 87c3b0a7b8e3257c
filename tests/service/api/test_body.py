"""A body is read no further than its limit and its deadline, and a caller who hangs up is noticed without waiting."""

import asyncio
import gzip
import json
import tracemalloc
from typing import Any

import pytest
from starlette.types import Message, Receive

from polyparse.errors import LoneSurrogate, PolyparseError
from service.api.body import MAX_VALUES, decode, decode_batch, hung_up, read_body
from service.api.endpoint import Call
from service.api.headers import RequestHeaders, read_headers
from service.api.schemas import ParseRequest
from service.errors import (
    BatchTooLarge,
    BodyTimeout,
    BodyTooLarge,
    CallerDeparted,
    DeadlineExceeded,
    FieldError,
    InvalidJson,
    InvalidUtf8,
    MissingField,
    UnknownField,
    UnsupportedMediaType,
    WrongType,
)
from service.parsed import Deadline
from tests.service.fakes import BOUND_S, GONE, caller, part

pytestmark = pytest.mark.anyio

NONE = RequestHeaders(None)
LATE = BodyTimeout(BOUND_S)


def call_of(
    receive: Receive,
    *,
    headers: RequestHeaders = NONE,
    seconds: float = BOUND_S,
    late: BodyTimeout | DeadlineExceeded = LATE,
) -> Call:
    """A request whose body is still to be read, and may take so many seconds more."""
    at_s = asyncio.get_running_loop().time() + seconds
    return Call(headers, "id", receive, Deadline(at_s, lambda: late), lambda: late)


async def test_a_body_in_parts_is_put_together() -> None:
    parts = [part(b"ab", more=True), part(b"", more=True), part(b"c", more=True), part(b"")]
    assert await read_body(call_of(caller(parts)), 3) == b"abc"


async def test_a_body_that_comes_late_but_in_time_is_put_together() -> None:
    messages: asyncio.Queue[Message] = asyncio.Queue()
    reading = asyncio.create_task(read_body(call_of(messages.get), 3))
    for message in (part(b"ab", more=True), part(b"c")):
        await asyncio.sleep(0)
        messages.put_nowait(message)
    assert await reading == b"abc"


async def test_a_byte_order_mark_is_taken_off_once() -> None:
    assert await read_body(call_of(caller([part(b"\xef\xbb\xbf\xef\xbb\xbfa")])), 7) == b"\xef\xbb\xbfa"
    parts = [part(b"\xef\xbb", more=True), part(b"\xbfa")]
    assert await read_body(call_of(caller(parts)), 4) == b"a"


async def test_a_coded_body_in_parts_is_put_together_before_it_is_inflated() -> None:
    coded = gzip.compress(b"\xef\xbb\xbfabc")
    headers = read_headers([(b"content-encoding", b"gzip")])
    parts = [part(coded[:10], more=True), part(coded[10:])]
    assert await read_body(call_of(caller(parts), headers=headers), 99) == b"abc"


async def test_a_coded_body_is_bounded_as_sent_and_inflated() -> None:
    bomb = gzip.compress(b" " * 10_000)
    headers = read_headers([(b"content-encoding", b"gzip")])
    for max_bytes in (len(bomb) - 1, 9_999):
        with pytest.raises(BodyTooLarge, match=f"expected at most {max_bytes}"):
            await read_body(call_of(caller([part(bomb)]), headers=headers), max_bytes)
    assert len(await read_body(call_of(caller([part(bomb)]), headers=headers), 10_000)) == 10_000


async def test_nothing_is_received_after_the_first_byte_too_many() -> None:
    left = iter([part(b"ab", more=True), part(b"cd", more=True), part(b"ef", more=True)])
    with pytest.raises(BodyTooLarge):
        await read_body(call_of(caller(left)), 3)
    assert next(left) == part(b"ef", more=True)


async def test_a_body_that_comes_at_once_is_bounded_too() -> None:
    assert await read_body(call_of(caller([part(b"abc")])), 3) == b"abc"
    with pytest.raises(BodyTooLarge, match="found a body of more than 3 bytes, expected at most 3"):
        await read_body(call_of(caller([part(b"abcd")])), 3)


async def test_nothing_is_received_of_a_body_that_its_headers_rule_out() -> None:
    for name, value, refusal in (
        (b"content-length", b"4", BodyTooLarge),
        (b"content-type", b"text/plain", UnsupportedMediaType),
        (b"content-encoding", b"br", UnsupportedMediaType),
    ):
        left = iter([part(b"abc")])
        with pytest.raises(refusal):
            await read_body(call_of(caller(left), headers=read_headers([(name, value)])), 3)
        assert next(left) == part(b"abc")


@pytest.mark.parametrize("late", [BodyTimeout(0.5), DeadlineExceeded(500)], ids=lambda late: late.code)
async def test_a_body_that_is_not_whole_by_the_deadline_ends_with_the_calls_own_error(
    late: BodyTimeout | DeadlineExceeded,
) -> None:
    with pytest.raises(type(late)) as refusal:
        await read_body(call_of(caller([part(b"ab", more=True)]), seconds=0, late=late), 3)
    assert refusal.value is late


async def test_a_caller_who_hangs_up_halfway_has_departed() -> None:
    with pytest.raises(CallerDeparted):
        await read_body(call_of(caller([part(b"ab", more=True), GONE])), 3)


async def test_a_caller_who_waits_is_there_and_one_who_hung_up_is_not() -> None:
    assert not hung_up(caller([]))
    assert hung_up(caller([GONE]))


async def test_a_channel_that_breaks_has_nobody_at_its_end() -> None:
    async def receive() -> Message:
        raise OSError

    assert hung_up(receive)


async def test_asking_leaves_the_channel_as_it_was() -> None:
    closed = asyncio.Event()

    async def receive() -> Message:
        await closed.wait()
        return GONE

    assert [hung_up(receive), hung_up(receive)] == [False, False]
    closed.set()
    assert hung_up(receive)


def outcomes(body: bytes) -> list[Any]:
    """Of each item its text, or the code of what is wrong with it."""
    return [each.text if isinstance(each, ParseRequest) else each.code for each in decode_batch(body, 9)]


def test_items_of_a_batch_stand_in_their_order_each_right_or_wrong_by_itself() -> None:
    items = [
        {"text": "a"},
        {},
        {"text": "b", "x": 1},
        7,
        {"text": 7},
        {"text": "c", "n_best": 0},
        {"text": "d"},
    ]
    assert outcomes(json.dumps({"items": items}).encode()) == [
        "a",
        "missing_field",
        "unknown_field",
        "wrong_type",
        "wrong_type",
        "invalid_value",
        "d",
    ]


def test_half_of_a_surrogate_pair_is_the_first_fault_of_the_item_that_holds_it() -> None:
    body = rb'{"items": [{"text": "a"}, {"text": "b \ud83d", "x": 1}, {"text": "\ud83d\ude00", "n_best": 2}]}'
    first, broken, last = decode_batch(body, 3)
    assert isinstance(broken, LoneSurrogate)
    assert (first, last) == (ParseRequest(text="a"), ParseRequest(text="\U0001f600", n_best=2))


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        (rb'"locale": "\ud800"', "/items/1/locale"),
        (rb'"locale": ["\ud800"]', "/items/1/locale"),
        (rb'"span_unit": "\ud800"', "/items/1/span_unit"),
        (rb'"x": "\ud800"', "/items/1/x"),
        (rb'"\ud800": 1', "/items/1"),  # The name itself cannot be written as a pointer.
    ],
)
def test_half_of_a_surrogate_pair_elsewhere_in_an_item_is_a_fault_of_that_item(
    field: bytes, pointer: str
) -> None:
    body = rb'{"items": [{"text": "a"}, {"text": "b", %b}, {"text": "c"}]}' % field
    first, broken, last = decode_batch(body, 3)
    assert isinstance(broken, FieldError)
    assert [fault.pointer for fault in broken.faults] == [pointer]
    assert (first, last) == (ParseRequest(text="a"), ParseRequest(text="c"))


@pytest.mark.parametrize("text", [rb'"b"', rb'"\ud83d"'], ids=["readable", "beside a lone surrogate"])
@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (rb'{"items": [{"text": %b}]', InvalidJson),
        (rb'{"items": [{"text": %b}]}{}', InvalidJson),
        (rb'{"items": [{"text": %b}, {"text": "caf' + b'\xe9"}]}', InvalidUtf8),
        (rb'{"items": [{"text": %b}, {"text": "' + b'\xed\xa0\x80"}]}', InvalidUtf8),
        (b"\xef\xbb\xbf" + rb'{"items": [{"text": %b}]}', InvalidJson),
    ],
)
def test_an_envelope_that_is_not_json_in_utf_8_is_refused_whole(
    body: bytes, text: bytes, refusal: type[PolyparseError]
) -> None:
    with pytest.raises(refusal):
        decode_batch(body.replace(b"%b", text), 9)


def test_a_batch_in_another_encoding_is_refused_as_a_single_request_is() -> None:
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(InvalidUtf8):
            decode_batch('{"items": [{"text": "a"}]}'.encode(encoding), 9)


@pytest.mark.parametrize(
    ("body", "refusal", "pointer"),
    [
        (b"[]", WrongType, ""),
        (b'"a"', WrongType, ""),
        (b"{}", MissingField, "/items"),
        (b'{"items": null}', WrongType, "/items"),
        (b'{"items": {"0": {"text": "a"}}}', WrongType, "/items"),
        (b'{"items": [], "locale": "en-US"}', UnknownField, "/locale"),
    ],
)
def test_an_envelope_of_the_wrong_shape_is_refused_whole(
    body: bytes, refusal: type[FieldError], pointer: str
) -> None:
    with pytest.raises(refusal) as error:
        decode_batch(body, 9)
    assert [fault.pointer for fault in error.value.faults] == [pointer]


def test_items_are_counted_before_any_is_looked_at() -> None:
    assert outcomes(b'{"items": [%b]}' % b",".join([b"7"] * 9)) == ["wrong_type"] * 9
    with pytest.raises(BatchTooLarge, match="/items: found 10 items, expected at most 9"):
        decode_batch(b'{"items": [%b]}' % b",".join([b"7"] * 10), 9)


def test_a_deeply_nested_batch_is_refused() -> None:
    with pytest.raises(InvalidJson):
        decode_batch(b'{"items": ' + b"[" * 4_000, 256)
    with pytest.raises(InvalidJson):
        decode_batch(b'{"items": ' + b"[" * 4_000 + b"]" * 4_000 + b"}", 256)


NAMES = b",".join(b'"k%d": 1' % i for i in range(50_000))
JUNK: dict[str, tuple[type[PolyparseError], bytes]] = {
    "unknown fields": (UnknownField, b'{"text": "a", %b}' % NAMES),
    "unknown fields, and the text at the end": (UnknownField, b'{%b, "text": "a"}' % NAMES),
    "a field again and again": (BodyTooLarge, b"{%b}" % b",".join([b'"text": "a"'] * 50_000)),
    "an array for a text": (WrongType, b'{"text": [%b]}' % b",".join([b"1"] * 200_000)),
    "arrays in arrays": (WrongType, b'{"text": [%b]}' % b",".join([b"[" * 100 + b"]" * 100] * 2_000)),
    "objects": (WrongType, b'{"locale": [%b]}' % b",".join([b"{}"] * 100_000)),
    "an array": (WrongType, b"[%b]" % b",".join([b"[]"] * 100_000)),
    "no end": (InvalidJson, b'{"text": ' + b"[" * 400_000),
    "no json": (InvalidJson, b'{"text": "a", x %b}' % NAMES),
    "no utf-8": (InvalidUtf8, b'{"text": "\xff", %b}' % NAMES),
}


def bytes_made(body: bytes, refusal: type[PolyparseError], items: int | None = None) -> int:
    """The most memory that Python's objects take while a body is refused."""
    tracemalloc.start()
    with pytest.raises(refusal):
        decode(ParseRequest, body) if items is None else decode_batch(body, items)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", JUNK)
def test_a_body_of_junk_is_refused_for_its_first_fault_without_making_all_of_it(name: str) -> None:
    """A megabyte of it took the event loop half a second, in which nobody else was answered."""
    refusal, junk = JUNK[name]
    assert bytes_made(junk, refusal) < 300_000
    is_unreadable = issubclass(refusal, InvalidJson | InvalidUtf8)
    in_a_batch = refusal if is_unreadable else BatchTooLarge
    assert bytes_made(b'{"items": [%b]}' % junk, in_a_batch, items=9) < 300_000
    assert bytes_made(junk, PolyparseError, items=9) < 300_000


def test_every_field_of_the_first_that_is_wrong_is_pointed_at_whatever_follows() -> None:
    for count in (10, 1_000):
        more = {f"k{i}": 1 for i in range(count)}
        with pytest.raises(UnknownField) as refusal:
            decode(ParseRequest, json.dumps({"text": "a"} | more).encode())
        assert [fault.pointer for fault in refusal.value.faults] == [f"/k{i}" for i in range(10)]


def test_a_sound_request_of_too_many_values_is_too_large() -> None:
    def body(count: int) -> bytes:
        return b"{%b}" % b",".join([b'"text": "a"'] * count)

    assert decode(ParseRequest, body(MAX_VALUES - 1)).text == "a"
    with pytest.raises(BodyTooLarge, match=f"found a body of more than {MAX_VALUES} JSON values"):
        decode(ParseRequest, body(MAX_VALUES))


def test_marks_of_json_in_a_text_are_no_values() -> None:
    text = '[{,"\\' * 1000
    assert decode(ParseRequest, json.dumps({"text": text}).encode()).text == text
    (item,) = decode_batch(json.dumps({"items": [{"text": text}]}).encode(), 1)
    assert item == ParseRequest(text=text)


def test_a_batch_of_too_many_items_is_told_so_however_many_there_are() -> None:
    for count in (10, 1_000, 100_000):
        with pytest.raises(BatchTooLarge, match="expected at most 9"):
            decode_batch(b'{"items": [%b]}' % b",".join([b'{"text": "a", "locale": "en-US"}'] * count), 9)


def test_a_pointer_is_no_longer_than_a_name_may_be() -> None:
    with pytest.raises(UnknownField) as refusal:
        decode(ParseRequest, json.dumps({"text": "a", "x" * 9_000: 1}).encode())
    assert [fault.pointer for fault in refusal.value.faults] == ["/" + "x" * 32 + "..." + "x" * 32]


def test_a_long_body_is_quoted_by_its_ends() -> None:
    with pytest.raises(InvalidJson) as refusal:
        decode(ParseRequest, b'{"text"' + b"\0" * 400_000 + b'last"')
    quoted = """b'{"text"\\x00...\\x00\\x00last"'"""
    assert str(refusal.value).startswith(f"found {quoted}, expected a JSON object: ")
