"""Responses come out of a stream of bytes as they went in, wherever the network cuts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import MeasurementFailed
from benchmarks.responses import MAX_HEAD_BYTES, Cutter, Response
from tests.benchmarks.scripted import answer

responses = st.lists(st.builds(Response, st.integers(100, 599), st.binary(max_size=40)), max_size=5)


@given(responses, st.lists(st.integers(1, 40), max_size=60))
def test_every_cut_of_the_stream_gives_the_same_responses(sent: list[Response], sizes: list[int]) -> None:
    stream = b"".join(answer(status, body) for status, body in sent)
    cutter, actual, position = Cutter(), [], 0
    for size in [*sizes, len(stream)]:
        actual += cutter.feed(stream[position : position + size])
        position += size
    assert actual == sent


def test_a_body_may_look_like_a_response() -> None:
    inner = answer(500, b"inner")
    assert Cutter().feed(answer(200, inner)) == [Response(200, inner)]


def test_the_length_is_found_in_any_case_and_place() -> None:
    stream = b"HTTP/1.1 204 \r\ndate: now\r\nCONTENT-LENGTH:2\r\nserver: x\r\n\r\nok"
    assert Cutter().feed(stream) == [Response(204, b"ok")]


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nx-content-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        b"SSH-2.0\r\ncontent-length: 2\r\n\r\nok",
    ],
)
def test_what_is_no_response_with_a_length_is_refused(stream: bytes) -> None:
    with pytest.raises(MeasurementFailed, match="expected the head"):
        Cutter().feed(stream)


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(MeasurementFailed, match="without the end"):
        Cutter().feed(b"x" * (MAX_HEAD_BYTES + 1))
