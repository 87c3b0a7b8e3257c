"""JSON in UTF-8 may be announced in any spelling; whatever else is announced is refused by name."""

import pytest

from service.api.content_type import check_content_type
from service.errors import UnsupportedMediaType

CHARSETS = [
    "utf-8",
    "UTF-8",
    "utf8",
    "Utf_8",
    "csUTF8",
    "unicode-1-1-utf-8",
    "utf-8-sig",
    "ascii",
    "US-ASCII",
    "us",
    "ANSI_X3.4-1968",
    "ISO_646.irv:1991",
    "ISO646-US",
    "iso-ir-6",
    "cp367",
]


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize(
    "form",
    [
        "application/json; charset={}",
        'application/json;charset="{}"',
        "application/json ; charset = '{}'",
        "Application/JSON;v=1;CHARSET={};profile=x",
        "application/x-www-form-urlencoded; charset={}",
    ],
)
def test_utf_8_and_ascii_are_taken_by_any_name(form: str, charset: str) -> None:
    check_content_type(form.format(charset).encode())


@pytest.mark.parametrize(
    "value",
    [
        "application/json;",
        "application/json; ;",
        "application/json; v=1",
        "application/json; charset=utf-8; v=1",
        "application/json; charset",
        "application/json; IEEE754Compatible=true; odata.metadata=minimal",
        'application/json; profile="a; charset=latin-1"; charset=utf-8',
        r'application/json; profile="a\"; charset=latin-1"',
        'application/json; profile="never closed; charset=latin-1',
        "application/json; xcharset=latin-1",
        "APPLICATION/X-WWW-FORM-URLENCODED",
    ],
)
def test_parameters_other_than_charset_change_nothing(value: str) -> None:
    check_content_type(value.encode())


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "json",
        "text/plain",
        "text/plain; charset=utf-8",
        "application/jsonp",
        "application/json-seq",
        "json, text/plain",
        "multipart/form-data; boundary=application/json",
    ],
)
def test_another_media_type_is_refused_by_name(value: str) -> None:
    media_type = value.partition(";")[0]
    with pytest.raises(UnsupportedMediaType) as refusal:
        check_content_type(value.encode())
    assert str(refusal.value) == (
        f"found Content-Type {media_type.encode()!r}, expected application/json in UTF-8"
    )


@pytest.mark.parametrize(
    "charset",
    ["", '""', "latin-1", "ISO-8859-1", "utf-16", "utf-16le", "utf-32", "utf-7", "utf-80", "utf", "cp1252"],
)
@pytest.mark.parametrize("media_type", ["application/json", "application/x-www-form-urlencoded"])
def test_another_charset_is_refused_by_name(media_type: str, charset: str) -> None:
    for value in (f"{media_type}; charset={charset}", f"{media_type}; charset=utf-8; charset={charset}"):
        with pytest.raises(UnsupportedMediaType) as refusal:
            check_content_type(value.encode())
        assert str(refusal.value) == (
            f"found Content-Type with charset {charset.encode()!r}, expected application/json in UTF-8"
        )


def test_bytes_that_are_no_text_are_refused() -> None:
    for value in (b"\xff", b"application/json; charset=\xff\x00"):
        with pytest.raises(UnsupportedMediaType):
            check_content_type(value)
