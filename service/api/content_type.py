"""The Content-Type of a request: JSON in UTF-8, in any spelling, with any parameters."""

import re
from reprlib import repr as brief

from service.errors import UnsupportedMediaType

USUAL = frozenset(
    {
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/json; charset=UTF-8",
        b"application/json;charset=utf-8",
        b"application/json;charset=UTF-8",
        b"application/x-www-form-urlencoded",
    }
)
"""What nearly all clients send, byte for byte: a look-up in place of parsing."""

MEDIA_TYPES = (b"application/json", b"application/x-www-form-urlencoded")
"""The second is what curl and others send by default: read as JSON, and refused as JSON if it is not."""

CHARSETS = frozenset(
    (
        b"utf8 csutf8 utf8sig unicode11utf8 unicode20utf8 xunicode20utf8 "
        b"ascii usascii us csascii ansix341968 ansix341986 iso646us iso646irv1991 isoir6 cp367 ibm367"
    ).split()
)
"""The names of UTF-8 and of ASCII, which is a part of it, at IANA, in browsers and in Python; without their marks."""

MARKS_IN_NAMES = b" \t-_.:\"'"
PARAMETER = re.compile(rb';([^;="]*)=\s*("(?:[^"\\]|\\.)*"?|[^;]*)')
"""Name and value, a quoted one with its quotes (RFC 9110, 5.6.6)."""


def check_content_type(value: bytes) -> None:
    """Refuse a body by its media type or its charset.

    Raises:
        UnsupportedMediaType: it is announced as something other than JSON in UTF-8.
    """
    if value in USUAL:
        return
    media_type = value.partition(b";")[0].strip()
    if media_type.lower() not in MEDIA_TYPES:
        raise UnsupportedMediaType(
            f"found Content-Type {brief(media_type)}, expected application/json in UTF-8"
        )
    for name, charset in PARAMETER.findall(value):
        if name.strip().lower() == b"charset" and not _is_utf_8(charset):
            raise UnsupportedMediaType(
                f"found Content-Type with charset {brief(charset)}, expected application/json in UTF-8"
            )


def _is_utf_8(charset: bytes) -> bool:
    return charset.lower().translate(None, MARKS_IN_NAMES) in CHARSETS
