"""A coded body is undone whole or refused, and never becomes larger than it may be."""

import gzip
import tracemalloc
import zlib

import pytest

from service.api.content_encoding import DEFLATE, GZIP, Coding, coding_of, inflated
from service.errors import BodyTooLarge, InvalidContentEncoding, UnsupportedMediaType

CONTENT = b'{"text": "wake me up"}'


def raw_deflate(content: bytes, *, level: int = 6) -> bytes:
    """A stream without zlib's header and check, as some send for "deflate"."""
    stream = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    return stream.compress(content) + stream.flush()


def small_window(content: bytes) -> bytes:
    """A stream with zlib's header, whose first byte is not the usual one."""
    stream = zlib.compressobj(wbits=9)
    return stream.compress(content) + stream.flush()


CODED = {
    "gzip": (GZIP, gzip.compress(CONTENT)),
    "gzip that stores": (GZIP, gzip.compress(CONTENT, compresslevel=0)),
    "gzip in two members": (GZIP, gzip.compress(CONTENT[:9]) + gzip.compress(CONTENT[9:])),
    "gzip with an empty member": (GZIP, gzip.compress(CONTENT) + gzip.compress(b"")),
    "zlib": (DEFLATE, zlib.compress(CONTENT)),
    "zlib that stores": (DEFLATE, zlib.compress(CONTENT, 0)),
    "zlib of a small window": (DEFLATE, small_window(CONTENT)),
    "raw deflate": (DEFLATE, raw_deflate(CONTENT)),
    "raw deflate that stores": (DEFLATE, raw_deflate(CONTENT, level=0)),
}

each_coded = pytest.mark.parametrize(("coding", "body"), CODED.values(), ids=CODED)


@pytest.mark.parametrize(
    ("value", "coding"),
    [
        ("", None),
        ("identity", None),
        ("Identity", None),
        ("identity, IDENTITY", None),
        (" , ", None),
        ("gzip", GZIP),
        ("GZip", GZIP),
        ("x-gzip", GZIP),
        (" gzip ,", GZIP),
        ("identity, gzip", GZIP),
        ("gzip,identity", GZIP),
        ("deflate", DEFLATE),
        ("Deflate", DEFLATE),
    ],
)
def test_names_of_codings_know_no_case_and_identity_is_none(value: str, coding: Coding | None) -> None:
    assert coding_of(value.encode()) is coding


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("br", "br"),
        ("zstd", "zstd"),
        ("compress", "compress"),
        ("gzip;q=1", "gzip;q=1"),
        ("Br, identity", "br"),
        ("gzip, br", "gzip, br"),
        ("gzip,gzip", "gzip, gzip"),
        ("deflate, identity, gzip", "deflate, gzip"),
    ],
)
def test_other_codings_and_several_are_refused_by_name(value: str, shown: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        coding_of(value.encode())
    assert str(refusal.value) == (
        f"found Content-Encoding {shown.encode()!r}, expected one of identity, gzip, deflate"
    )


@each_coded
def test_a_body_is_inflated_up_to_its_last_byte(coding: Coding, body: bytes) -> None:
    assert inflated(body, coding, len(CONTENT)) == CONTENT


@each_coded
def test_a_body_that_inflates_to_a_byte_too_many_is_refused(coding: Coding, body: bytes) -> None:
    with pytest.raises(BodyTooLarge, match="inflates to more than 21 bytes, expected at most 21"):
        inflated(body, coding, len(CONTENT) - 1)


@each_coded
def test_a_body_cut_short_anywhere_is_refused(coding: Coding, body: bytes) -> None:
    first_end = len(body)
    if coding is GZIP:
        stream = zlib.decompressobj(31)
        stream.decompress(body)
        first_end -= len(stream.unused_data)
    for length in set(range(len(body))) - {first_end}:  # A first member alone is whole.
        with pytest.raises(InvalidContentEncoding, match=r"stream that is cut short after|expected a"):
            inflated(body[:length], coding, 100)


@each_coded
def test_a_body_that_goes_on_behind_its_end_is_refused(coding: Coding, body: bytes) -> None:
    with pytest.raises(InvalidContentEncoding):
        inflated(body + b"{}", coding, 100)


@pytest.mark.parametrize("coding", [GZIP, DEFLATE], ids=lambda coding: coding.name)
@pytest.mark.parametrize(
    "body",
    [
        CONTENT,
        b"\xff" * 40,
        gzip.compress(CONTENT)[:-8] + b"\x00" * 8,
        zlib.compress(CONTENT)[:-4] + b"\x00" * 4,
    ],
    ids=["plain", "noise", "gzip with a wrong check", "zlib with a wrong check"],
)
def test_a_body_that_is_no_stream_of_its_coding_is_refused(coding: Coding, body: bytes) -> None:
    with pytest.raises(InvalidContentEncoding, match=rf"found b.*, expected a {coding.name} stream: \w+"):
        inflated(body, coding, 100)


def test_streams_in_one_body_are_bounded_in_number() -> None:
    empty = gzip.compress(b"")
    assert inflated(empty * 16, GZIP, 100) == b""
    with pytest.raises(
        InvalidContentEncoding, match="found 20 bytes behind gzip stream 16, expected the end"
    ):
        inflated(empty * 17, GZIP, 100)
    with pytest.raises(InvalidContentEncoding, match="behind deflate stream 1, expected the end of the body"):
        inflated(zlib.compress(b"") * 2, DEFLATE, 100)


@pytest.mark.parametrize(
    ("coding", "compress"), [(GZIP, gzip.compress), (DEFLATE, zlib.compress), (DEFLATE, raw_deflate)]
)
def test_a_bomb_is_not_inflated_beyond_what_a_body_may_have(coding: Coding, compress) -> None:  # type: ignore[no-untyped-def]
    bomb = compress(b" " * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            inflated(bomb, coding, 16_384)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 16_384 + 2 * len(bomb) + 100_000


def test_a_stream_that_needs_a_dictionary_is_told_so() -> None:
    stream = zlib.compressobj(zdict=b"wake me up")
    body = stream.compress(CONTENT) + stream.flush()
    with pytest.raises(InvalidContentEncoding, match="expected a deflate stream: it needs a dictionary"):
        inflated(body, DEFLATE, 99)
