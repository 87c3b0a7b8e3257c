"""Whatever way a client writes a request, it is answered as the plain one is, alone and as an item of a batch."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.service.serving import Serving, serving

pytestmark = pytest.mark.anyio

PLAIN = {"text": "wake me at set"}
BOM = b"\xef\xbb\xbf"

each_path = pytest.mark.parametrize("path", ["/parse", "/parse/batch"])


async def frame(
    s: Serving, path: str, request: dict[str, Any], wire: Callable[[bytes], bytes] = bytes, **headers: str
) -> dict[str, Any]:
    """The frame that a request gets on this path; `wire` is what is done to its bytes before they are sent."""
    body = json.dumps(request if path == "/parse" else {"items": [request]}).encode()
    head = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await s.client.post(path, content=wire(body), headers=head | {"x-request-id": "mine"})
    assert answer.status_code == 200, answer.text
    first: dict[str, Any] = answer.json() if path == "/parse" else answer.json()["results"][0]
    return first


@each_path
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; charset=utf8",
        "application/json; charset=utf-8; v=1",
        "application/json; charset=us-ascii",
        "application/x-www-form-urlencoded",  # curl -d, told nothing
        "application/x-www-form-urlencoded; charset=UTF-8",
    ],
)
async def test_json_in_utf_8_may_be_announced_in_any_way(path: str, content_type: str) -> None:
    async with serving() as s:
        assert await frame(s, path, PLAIN, content_type=content_type) == await frame(s, path, PLAIN)


@each_path
@pytest.mark.parametrize(
    ("wire", "content_encoding"),
    [
        (bytes, "Identity"),
        (gzip.compress, "gzip"),
        (gzip.compress, "X-GZip"),
        (gzip.compress, "identity, gzip"),
        (zlib.compress, "deflate"),
        (lambda body: zlib.compress(body)[2:-4], "deflate"),
        (lambda body: gzip.compress(BOM + body), "gzip"),
    ],
    ids=["identity", "gzip", "x-gzip", "a list", "zlib", "raw deflate", "a byte order mark"],
)
async def test_a_body_may_be_compressed(
    path: str, wire: Callable[[bytes], bytes], content_encoding: str
) -> None:
    async with serving() as s:
        coded = await frame(s, path, PLAIN, wire, content_encoding=content_encoding)
        assert coded == await frame(s, path, PLAIN)


@each_path
async def test_a_body_may_begin_with_a_byte_order_mark(path: str) -> None:
    async with serving() as s:
        assert await frame(s, path, PLAIN, lambda body: BOM + body) == await frame(s, path, PLAIN)


@each_path
@pytest.mark.parametrize("option", ["locale", "n_best", "span_unit", "allow_refusal"])
async def test_null_for_an_option_is_its_default(path: str, option: str) -> None:
    async with serving() as s:
        for text in ("wake me", "strange", "😀é ok"):
            assert await frame(s, path, {"text": text, option: None}) == await frame(s, path, {"text": text})


@each_path
async def test_an_integer_may_be_written_as_a_fraction_without_one(path: str) -> None:
    async with serving() as s:
        assert await frame(s, path, PLAIN | {"n_best": 3.0}) == await frame(s, path, PLAIN | {"n_best": 3})


@pytest.mark.parametrize(("path", "max_bytes"), [("/parse", 100), ("/parse/batch", 200)])
async def test_what_a_compressed_body_may_have_is_what_a_plain_one_may(path: str, max_bytes: int) -> None:
    request = {"text": "a"} if path == "/parse" else {"items": [{"text": "a"}]}
    body = json.dumps(request).encode()
    async with serving(max_body_bytes=100, max_batch_bytes=200) as s:
        for size, status in ((max_bytes, 200), (max_bytes + 1, 413)):
            for wire, headers in ((bytes, {}), (gzip.compress, {"content-encoding": "gzip"})):
                answer = await s.client.post(path, content=wire(body.ljust(size)), headers=headers)
                assert answer.status_code == status
                assert status == 200 or answer.json()["code"] == "body_too_large"
