"""Connections: sound requests in pipelines, with others hidden in their bodies; heads and framing that are wrong; halves."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import strategies as st

from benchmarks.fuzz.case import Case, End, request
from benchmarks.fuzz.edits import edited

HIDDEN = (
    b"POST /parse HTTP/1.1\r\nhost: h\r\nx-request-id: hidden\r\ncontent-length: 12\r\n\r\n" + b'{"text":"a"}'
)
"""A request in the body of another one: nobody may answer it."""
BODIES = (
    *(
        b'{"text": "wake me up at seven"}',
        b'{"text": ""}',
        b"",
        HIDDEN,
        b"0\r\n\r\n" + HIDDEN,
        b"{" * 300,
        b"x" * 15_000,
    ),
    b'{"items": [{"text": "play some jazz"}, {"text": ""}]}',
)
LAST = b"GET /health/live HTTP/1.1\r\nhost: fuzz\r\nconnection: close\r\nx-request-id: last\r\n\r\n"
"""What makes the server close."""
METHODS = (b"GET", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE", b"PURGE", b"PROPFIND")
TARGETS = (
    *(
        b"/parse",
        b"/parse/batch",
        b"/health/live",
        b"/metrics",
        b"/nothing",
        b"/parse?a=b",
        b"/%70arse",
        b"http://a/parse",
        b"//",
        b"/%",
    ),
    *(b"/v2", b"/v2/models/a/versions/b", b"/parse/../parse", b"/%00", b"/%ff", b"/parse;a", b"/a" * 500),
)
UPGRADE = (b"connection: upgrade, http2-settings", b"upgrade: h2c", b"http2-settings: AAMAAABkAAQ")
EXTRAS = (
    *(
        (),
        (b"expect: 100-continue",),
        UPGRADE,
        (b"connection: upgrade", b"upgrade: websocket"),
        (b"content-type: text/plain",),
    ),
    *(
        (b"x-long: " + b"a" * 8000,),
        (b"te: trailers",),
        (b"connection: keep-alive",),
        (b"host: [",),
        (b"cookie: a=b",) * 50,
    ),
)
WRONG = {
    b"POST /parse HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n": 400,
    b"POST /parse HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef": 400,
    b"POST /parse HTTP/1.1\r\ncontent-length: -5\r\n\r\n": 400,
    b"POST /parse HTTP/1.1\r\ncontent-length: +5\r\n\r\nabcde": 400,
    b"POST /parse HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcdefg\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nabcde\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked, identity\r\n\r\n": 400,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 3\r\n\r\n": 400,
    b"GET /health/live HTTP/1.1\r\nhost : a\r\n\r\n": 400,
    b"GET /health/live HTTP/1.1\r\nno colon\r\n\r\n": 400,
    b"GET /health/live HTTP/1.1\r\na: \x00\r\n\r\n": 400,
    b"GET /health/live HTTP/1.1\r\na: b\rc: d\r\n\r\n": 400,
    b"GET /health/live HTTP/7.3\r\n\r\n": 400,
    b"GET /health/live\r\n\r\n": 400,
    b"GET /health/live HTTP/2.0\r\n\r\n": 400,
    b"BREW /parse HTTP/1.1\r\n\r\n": 400,
    b"CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n": 400,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": 400,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
    b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\n\r\n": 431,
    b"GET /health/live HTTP/1.1\r\n" + b"a: b\r\n" * 4000 + b"\r\n": 431,
    b"POST /parse HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 6000 + b"\r\n": 431,
}  # fmt: skip
"""What is no request, alone or behind others -> the status of the answer to it, the last one."""


@st.composite
def _sound(draw: st.DrawFn, number: int) -> bytes:
    """A request whose end can be told, with an id of its own; whether it asks for something sound is another matter."""
    body = draw(st.sampled_from(BODIES))
    extras = (b"x-request-id: r%d" % number, *draw(st.sampled_from(EXTRAS)))
    method, target = draw(st.sampled_from(METHODS)), draw(st.sampled_from(TARGETS))
    if draw(st.booleans()):
        method, target = b"POST", b"/parse"
    if draw(st.booleans()) or any(each.startswith(b"expect") for each in extras):
        return request(body, *extras, path=target, method=method)
    return _chunked(draw, b"%b %b HTTP/1.1" % (method, target), extras, body)


def _chunked(draw: st.DrawFn, line: bytes, extras: Sequence[bytes], body: bytes) -> bytes:
    size = draw(st.integers(1, 7)) if len(body) < 1000 else 4000
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    extension = draw(st.sampled_from((b"", b";a=b", b';a="b"')))
    trailers = draw(st.sampled_from((b"", b"x-request-id: hidden\r\n", b"a: b\r\nc: d\r\n")))
    head = b"\r\n".join([line, b"host: fuzz", *extras, b"transfer-encoding: chunked", b"", b""])
    framed = b"".join(b"%x%b\r\n%b\r\n" % (len(each), extension, each) for each in chunks)
    return head + framed + b"0\r\n" + trailers + b"\r\n"


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[bytes, tuple[str, ...]]:
    """Sound requests, and their ids."""
    count = draw(st.integers(0, 4) | st.integers(5, 24))
    return b"".join(draw(_sound(number)) for number in range(count)), tuple(
        f"r{number}" for number in range(count)
    )


@st.composite
def answered(draw: st.DrawFn) -> Case:
    """Each request is answered, in its turn, and nothing else."""
    whole, ids = draw(pipelines())
    return Case(_cut(draw, whole + LAST), End.READ, ids=(*ids, "last"))


@st.composite
def refused(draw: st.DrawFn) -> Case:
    """Requests are answered up to what is none; what stands behind it is not."""
    whole, ids = draw(pipelines())
    wrong, status = draw(st.sampled_from(sorted(WRONG.items())))
    return Case(_cut(draw, whole + wrong + HIDDEN), End.READ, ids=ids, last_status=status)


@st.composite
def broken(draw: st.DrawFn) -> Case:
    """Anything may come back, as long as it is well-formed."""
    whole, _ = draw(pipelines())
    end = draw(st.sampled_from((End.LEAVE, End.RESET)))
    damaged = draw(edited(st.just(whole + LAST)) | st.binary(max_size=300))
    size = draw(st.integers(0, len(damaged)) | st.just(len(damaged)))
    return Case(_cut(draw, damaged[:size]), end)


def _cut(draw: st.DrawFn, whole: bytes) -> tuple[bytes, ...]:
    """The bytes in up to four writes."""
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    edges = [0, *places, len(whole)]
    return tuple(whole[start:end] for start, end in pairwise(edges) if end > start)


cases: st.SearchStrategy[Case] = st.one_of(answered(), refused(), broken())
