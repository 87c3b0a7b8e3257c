"""The head of a request: a sane id is kept, a body is refused by what it claims to be."""

import pytest

from service.api.headers import Head, read_head, request_ids
from service.errors import BodyTooLarge, UnsupportedMediaType


@pytest.mark.parametrize(
    "given", [b"abc-123", b"4bf92f3577b34da6a3ce929d0e0e4736", b"a" * 128, b"user@host:/1?"[:-1]]
)
def test_a_sane_id_is_kept(given: bytes) -> None:
    assert read_head([(b"x-request-id", given)]).request_id == given.decode()


@pytest.mark.parametrize("given", [b"", b"a" * 129, b"a b", b"a\nb", b"<script>", "é".encode()])
def test_an_insane_id_is_not(given: bytes) -> None:
    assert read_head([(b"x-request-id", given)]).request_id is None


def test_generated_ids_are_sane_and_differ_even_between_processes() -> None:
    one, other = request_ids(), request_ids()
    found = {next(one), next(one), next(other), next(other)}
    assert len(found) == 4
    assert {read_head([(b"x-request-id", each.encode())]).request_id for each in found} == found


def test_without_headers_the_body_is_taken_for_json() -> None:
    Head(None).check(max_body_bytes=0)
    assert read_head([(b"host", b"a")]) == Head(None)


def test_a_body_too_large_is_refused_before_it_is_read() -> None:
    head = read_head([(b"content-length", b"101")])
    head.check(max_body_bytes=101)
    with pytest.raises(BodyTooLarge, match="found a body of 101 bytes, expected at most 100"):
        head.check(max_body_bytes=100)


@pytest.mark.parametrize(
    "kind", [b"text/plain", b"application/jsonp", b"application/json; charset=utf-16", b""]
)
def test_another_media_type_is_refused(kind: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="expected application/json"):
        read_head([(b"content-type", kind)]).check(max_body_bytes=100)
