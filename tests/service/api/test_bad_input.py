"""Whatever a caller sends, he gets a 4xx problem document with a stable code, and his neighbours get their frames."""

import asyncio
import json
import zlib
from typing import Any, NamedTuple

import pytest

from service.errors import PROBLEMS
from tests.service.serving import serving

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


class Case(NamedTuple):
    code: str
    body: bytes
    headers: dict[str, str] = JSON


def fields(**given: Any) -> bytes:
    return json.dumps(given).encode()


CASES = {
    "empty": Case("empty_text", fields(text="")),
    "blank": Case("blank_text", fields(text=" \t\r\n\u3000")),
    "only the invisible": Case("blank_text", fields(text="\u200b\u200d")),
    "over-long": Case("text_too_long", fields(text="a" * 513)),
    "over-long in code points": Case("text_too_long", fields(text="😀" * 513)),
    "no text": Case("missing_field", b"{}"),
    "text is a number": Case("wrong_type", fields(text=7)),
    "text is null": Case("wrong_type", fields(text=None)),
    "text is a list": Case("wrong_type", fields(text=["a"])),
    "the body is a list": Case("wrong_type", b"[]"),
    "the body is a string": Case("wrong_type", b'"a"'),
    "locale is a number": Case("wrong_type", fields(text="a", locale=1)),
    "n_best is true": Case("wrong_type", fields(text="a", n_best=True)),
    "n_best is a string": Case("wrong_type", fields(text="a", n_best="3")),
    "n_best is a fraction": Case("wrong_type", fields(text="a", n_best=1.5)),
    "allow_refusal is a number": Case("wrong_type", fields(text="a", allow_refusal=0)),
    "n_best is no number": Case("wrong_type", b'{"text": "a", "n_best": NaN}'),
    "n_best is infinite": Case("wrong_type", b'{"text": "a", "n_best": 1e400}'),
    "allow_refusal is a whole number": Case("wrong_type", fields(text="a", allow_refusal=1.0)),
    "n_best is none": Case("invalid_value", fields(text="a", n_best=0)),
    "n_best is too many": Case("invalid_value", fields(text="a", n_best=11)),
    "n_best is none, as a fraction would be written": Case("invalid_value", fields(text="a", n_best=0.0)),
    "n_best is huge, as a fraction would be written": Case("invalid_value", fields(text="a", n_best=1e300)),
    "n_best is huge": Case("invalid_value", b'{"text": "a", "n_best": 1' + b"0" * 400 + b"}"),
    "an unknown unit": Case("invalid_value", fields(text="a", span_unit="word")),
    "an endless locale": Case("invalid_value", fields(text="a", locale="en" * 50)),
    "an unknown field": Case("unknown_field", fields(text="a", txet="b")),
    "an unknown field of odd name": Case("unknown_field", fields(text="a", **{"~/\x00": 1})),
    "an unknown locale": Case("unknown_locale", fields(text="a", locale="tlh")),
    "a locale that is no tag": Case("unknown_locale", fields(text="a", locale="\x00 \n")),
    "no body": Case("invalid_json", b""),
    "half a body": Case("invalid_json", b'{"text": "a'),
    "two bodies": Case("invalid_json", b'{"text": "a"}{"text": "b"}'),
    "two byte order marks": Case("invalid_json", b'\xef\xbb\xbf\xef\xbb\xbf{"text": "a"}'),
    "a byte order mark and nothing": Case("invalid_json", b"\xef\xbb\xbf"),
    "half a byte order mark": Case("invalid_utf8", b'\xef\xbb{"text": "a"}'),
    "deep nesting": Case("invalid_json", b"[" * 16_000),
    "a raw NUL": Case("invalid_json", b'{"text": "a\x00"}'),
    "a raw line end": Case("invalid_json", b'{"text": "a\n"}'),
    "not UTF-8": Case("invalid_utf8", b'{"text": "caf\xe9"}'),
    "UTF-8 cut short": Case("invalid_utf8", b'{"text": "caf\xc3'),
    "a surrogate in UTF-8": Case("invalid_utf8", b'{"text": "\xed\xa0\x80"}'),
    "UTF-16": Case("invalid_utf8", fields(text="a").decode().encode("utf-16")),
    "a leading surrogate alone": Case("lone_surrogate", rb'{"text": "a \ud83d b"}'),
    "a trailing surrogate alone": Case("lone_surrogate", rb'{"text": "\ude00"}'),
    "surrogates in the wrong order": Case("lone_surrogate", rb'{"text": "\ude00\ud83d"}'),
    "a surrogate elsewhere": Case("invalid_json", rb'{"text": "a", "locale": "\ud800"}'),
    "NUL": Case("control_character", rb'{"text": "a\u0000b"}'),
    "escape": Case("control_character", rb'{"text": "\u001b[31m"}'),
    "a C1 control": Case("control_character", fields(text="a\x85b")),
    "delete": Case("control_character", fields(text="a\x7f")),
    "a body over the limit": Case("body_too_large", fields(text="a" * 17_000)),
    "a form": Case("invalid_json", b"text=a", {"content-type": "application/x-www-form-urlencoded"}),
    "a form with files": Case(
        "unsupported_media_type", fields(text="a"), {"content-type": "multipart/form-data; boundary=b"}
    ),
    "another charset": Case(
        "unsupported_media_type", fields(text="a"), {"content-type": "application/json; charset=latin-1"}
    ),
    "not compressed as announced": Case(
        "invalid_content_encoding", fields(text="a"), JSON | {"content-encoding": "gzip"}
    ),
    "compressed and cut short": Case(
        "invalid_content_encoding",
        zlib.compress(fields(text="a"))[:-1],
        JSON | {"content-encoding": "deflate"},
    ),
    "compressed without saying so": Case("invalid_utf8", zlib.compress(fields(text="a"))),
    "a bomb": Case(
        "body_too_large", zlib.compress(b" " * 10_000_000), JSON | {"content-encoding": "deflate"}
    ),
    "compressed, and not JSON": Case(
        "invalid_json", zlib.compress(b"a"), JSON | {"content-encoding": "deflate"}
    ),
    "in an unknown coding": Case(
        "unsupported_media_type", fields(text="a"), JSON | {"content-encoding": "br"}
    ),
    "compressed twice": Case(
        "unsupported_media_type", fields(text="a"), JSON | {"content-encoding": "gzip, deflate"}
    ),
    "a deadline of nothing": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": ""}),
    "a deadline that has passed": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "0"}),
    "a negative deadline": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "-5"}),
    "a deadline in part": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "1.5"}),
    "a deadline in words": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "soon"}),
    "a deadline past an hour": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "3600001"}),
    "an endless deadline": Case("invalid_header", fields(text="a"), JSON | {"x-deadline-ms": "9" * 5000}),
}


async def test_every_case_is_a_4xx_problem_and_harms_no_neighbour() -> None:
    async with serving() as s:
        with s.gate.held():
            neighbours = [asyncio.create_task(s.parse("first"))]
            assert await s.gate.batch() == ["first"]
            bad = {}
            for name, case in CASES.items():
                neighbours.append(asyncio.create_task(s.parse(f"beside {name}")))
                bad[name] = await s.client.post("/parse", content=case.body, headers=case.headers)
        for answer in await asyncio.gather(*neighbours):
            assert answer.status_code == 200
        assert {name: answer.json()["code"] for name, answer in bad.items()} == {
            name: case.code for name, case in CASES.items()
        }
        for name, answer in bad.items():
            problem = answer.json()
            assert 400 <= answer.status_code < 500, name
            assert answer.headers["content-type"] == "application/problem+json"
            assert (problem["status"], problem["title"]) == PROBLEMS[CASES[name].code]
            assert problem["status"] == answer.status_code
            assert problem["type"] == f"urn:polyparse:problem:{problem['code']}"
            assert problem["detail"].startswith(
                ("found", "/", "the body", "text", "locale", "X-Deadline-Ms: found")
            ), problem["detail"]
            assert problem["request_id"] == answer.headers["x-request-id"]


async def test_bad_input_never_reaches_the_model() -> None:
    async with serving() as s:
        for case in CASES.values():
            await s.client.post("/parse", content=case.body, headers=case.headers)
        assert s.gate.batches() == []


async def test_every_wrong_field_is_pointed_at() -> None:
    async with serving() as s:
        answer = await s.client.post("/parse", content=fields(text=1, n_best=0, **{"a/b": 1}))
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/text", "/n_best", "/a~1b"]
        assert answer.json()["errors"][0]["detail"] == "found 1, expected a valid string"


async def test_a_detail_says_what_was_expected_and_no_more() -> None:
    async with serving() as s:
        answer = await s.client.post("/parse", content=fields(text="a", locale="en" * 50))
        assert (
            answer.json()["detail"]
            == "/locale: found 'enenenenenen...nenenenenenen', expected at most 64 characters"
        )


async def test_a_message_never_repeats_a_long_body() -> None:
    async with serving() as s:
        answer = await s.client.post("/parse", content=fields(text=["a" * 9000], **{"b" * 200: "c" * 5000}))
        assert len(answer.content) < 2000


@pytest.mark.parametrize(
    "header",
    [
        {"content-type": "a" * 9000},
        {"content-type": f"application/json; charset={'a' * 9000}"},
        JSON | {"content-encoding": "a" * 9000},
        JSON | {"content-encoding": "gzip, " * 2000},
        JSON | {"x-deadline-ms": "a" * 9000},
    ],
)
async def test_a_message_never_repeats_a_long_header(header: dict[str, str]) -> None:
    async with serving() as s:
        answer = await s.client.post("/parse", content=fields(text="a"), headers=header)
        assert answer.status_code in (400, 415)
        assert len(answer.content) < 500


async def test_what_is_allowed_is_parsed() -> None:
    async with serving() as s:
        good = [
            "a" * 512,
            "tab\tline\nend\r",
            "\U0001f600 \ud55c\uae00",
            "n\u0303o \u0915\u094d\u200d\u0937",
            "\u202bשלום\u202c",
        ]
        for text in good:
            answer = await s.parse(text)
            assert answer.status_code == 200, answer.text
            assert answer.json()["text"] == text
