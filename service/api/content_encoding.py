"""The Content-Encoding of a request: the coding of its body, undone without ever making more than the body may have."""

import zlib
from collections.abc import Mapping
from reprlib import repr as brief
from typing import NamedTuple

from service.errors import BodyTooLarge, InvalidContentEncoding, UnsupportedMediaType

IDENTITY = b"identity"


class Coding(NamedTuple):
    """A compression, and how many of its streams may follow each other in one body."""

    name: str
    max_streams: int


GZIP = Coding("gzip", max_streams=16)
"""RFC 1952, 2.2: members, one after another. Each costs a decompressor, hence the bound."""
DEFLATE = Coding("deflate", max_streams=1)
CODINGS: Mapping[bytes, Coding] = {b"gzip": GZIP, b"x-gzip": GZIP, b"deflate": DEFLATE}
"""Name in lower case -> coding (RFC 9110, 8.4.1)."""

REASONS = {"Error 2 while decompressing data": "it needs a dictionary"}
"""What zlib says -> what it means, where that is not the same."""
GZIP_WINDOW = 16 + zlib.MAX_WBITS
ZLIB_WINDOW = zlib.MAX_WBITS
RAW_WINDOW = -zlib.MAX_WBITS


def coding_of(value: bytes) -> Coding | None:
    """Return the coding that is to be undone, None where there is none.

    Raises:
        UnsupportedMediaType: it is another one, or there are several, each of which could multiply the work.
    """
    names = [name.strip() for name in value.lower().split(b",")]
    codings = [name for name in names if name not in (b"", IDENTITY)]
    if not codings:
        return None
    coding = CODINGS.get(codings[0])
    if coding is None or len(codings) > 1:
        raise UnsupportedMediaType(
            f"found Content-Encoding {brief(b', '.join(codings))}, expected one of identity, gzip, deflate"
        )
    return coding


def inflated(body: bytes, coding: Coding, max_bytes: int) -> bytes:
    """Undo the coding of a whole body.

    Raises:
        BodyTooLarge: the result has more than `max_bytes`; it is not made any further.
        InvalidContentEncoding: the body is no stream of this coding, is cut short, or goes on behind its end.
    """
    content, rest = b"", body
    for _ in range(coding.max_streams):
        stream = zlib.decompressobj(_window(rest, coding))
        try:
            content += stream.decompress(rest, max_bytes + 1 - len(content))
        except zlib.error as error:
            reason = REASONS.get(str(error)) or str(error).rpartition(": ")[2]
            raise InvalidContentEncoding(
                f"found {brief(rest[:16])}, expected a {coding.name} stream: {reason}"
            ) from None
        if len(content) > max_bytes:
            raise BodyTooLarge(
                f"found a body that inflates to more than {max_bytes} bytes, expected at most {max_bytes}"
            )
        if not stream.eof:
            raise InvalidContentEncoding(
                f"found a {coding.name} stream that is cut short after {len(body)} bytes, expected its end"
            )
        rest = stream.unused_data
        if not rest:
            return content
    raise InvalidContentEncoding(
        f"found {len(rest)} bytes behind {coding.name} stream {coding.max_streams}, expected the end of the body"
    )


def _window(body: bytes, coding: Coding) -> int:
    """What zlib calls the format; senders of "deflate" disagree whether it has zlib's header (RFC 9110, 8.4.1.2)."""
    if coding is GZIP:
        return GZIP_WINDOW
    has_zlib_header = int.from_bytes(body[:1]) & 0x0F == zlib.DEFLATED  # RFC 1950; no raw stream begins so
    return ZLIB_WINDOW if has_zlib_header else RAW_WINDOW
