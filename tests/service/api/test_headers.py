"""The head of a request: a sane id is kept, a body is refused by what it claims to be."""

import pytest

from service.api.content_encoding import GZIP
from service.api.headers import RequestHeaders, read_headers, request_ids
from service.errors import BodyTooLarge, InvalidHeader, UnsupportedMediaType
from service.registry.assignment import Asked


@pytest.mark.parametrize(
    "given", [b"abc-123", b"4bf92f3577b34da6a3ce929d0e0e4736", b"a" * 128, b"user@host:/1?"[:-1]]
)
def test_a_sane_id_is_kept(given: bytes) -> None:
    assert read_headers([(b"x-request-id", given)]).request_id == given.decode()


@pytest.mark.parametrize("given", [b"", b"a" * 129, b"a b", b"a\nb", b"<script>", "é".encode()])
def test_an_insane_id_is_not(given: bytes) -> None:
    assert read_headers([(b"x-request-id", given)]).request_id is None


def test_generated_ids_are_sane_and_differ_even_between_processes() -> None:
    one, other = request_ids(), request_ids()
    ids = {next(one), next(one), next(other), next(other)}
    assert len(ids) == 4
    assert {read_headers([(b"x-request-id", each.encode())]).request_id for each in ids} == ids


def test_without_headers_the_body_is_taken_for_json() -> None:
    RequestHeaders(None).check(max_body_bytes=0)
    assert read_headers([(b"host", b"a")]) == RequestHeaders(None)


def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    head = read_headers([(b"content-length", b"101")])
    head.check(max_body_bytes=101)
    with pytest.raises(BodyTooLarge, match="found a body of 101 bytes, expected at most 100"):
        head.check(max_body_bytes=100)


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/jsonp", b"application/json; charset=utf-16", b""]
)
def test_another_media_type_is_refused(kind: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="expected application/json"):
        read_headers([(b"content-type", kind)]).check(max_body_bytes=100)


def test_a_coding_is_none_unless_announced() -> None:
    assert read_headers([]).coding() is None
    assert read_headers([(b"content-encoding", b"Identity")]).coding() is None
    assert read_headers([(b"content-encoding", b"gzip")]).coding() is GZIP


def test_codings_in_several_lines_are_one_list() -> None:
    lines = [(b"content-encoding", b"gzip"), (b"host", b"a"), (b"content-encoding", b"identity")]
    assert read_headers(lines).coding() is GZIP
    with pytest.raises(UnsupportedMediaType, match=r"found Content-Encoding b'gzip, deflate', expected"):
        read_headers([*lines, (b"content-encoding", b"deflate")]).coding()


@pytest.mark.parametrize(("given", "milliseconds"), [(b"1", 1), (b"0250", 250), (b"3600000", 3_600_000)])
def test_a_deadline_is_milliseconds_up_to_an_hour(given: bytes, milliseconds: int) -> None:
    assert read_headers([(b"x-deadline-ms", given)]).deadline_ms() == milliseconds


def test_blanks_around_a_value_are_no_part_of_it() -> None:
    headers = read_headers([(b"x-deadline-ms", b" 50\t"), (b"x-server-timing", b"1 ")])
    assert headers.deadline_ms() == 50
    assert headers.server_timing


def test_without_its_header_there_is_no_deadline() -> None:
    assert read_headers([]).deadline_ms() is None


@pytest.mark.parametrize(
    "given", [b"", b"0", b"-1", b"+1", b"1.5", b"3600001", b"9" * 5000, "١".encode(), b"\xb2"]
)
def test_another_deadline_is_refused(given: bytes) -> None:
    with pytest.raises(
        InvalidHeader, match=r"X-Deadline-Ms: found .*, expected milliseconds from 1 to 3600000"
    ):
        read_headers([(b"x-deadline-ms", given)]).deadline_ms()


@pytest.mark.parametrize(("given", "asks"), [(b"1", True), (b"0", False), (b"", False), (b"true", False)])
def test_server_timing_is_asked_for_by_a_1(given: bytes, *, asks: bool) -> None:
    assert read_headers([(b"x-server-timing", given)]).server_timing is asks


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (b"user-1", b"user-1"),
        (b" user 1\t", b"user 1"),
        ("é".encode(), "é".encode()),
        (b"", None),
        (b" ", None),
    ],
)
def test_a_canary_key_is_whatever_bytes_are_not_blank(given: bytes, key: bytes | None) -> None:
    assert read_headers([(b"x-canary-key", given)]).asked() == Asked(None, key)


def test_a_version_is_asked_for_by_its_number() -> None:
    assert read_headers([(b"x-model-version", b" 1.7 ")]).asked() == Asked("1.7", None)
    assert read_headers([]).asked() == Asked(None, None)
