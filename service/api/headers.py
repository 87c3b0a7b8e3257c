"""What the head of a request says that matters: whose request it is, and what its body claims to be."""

import itertools
import re
import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from service.errors import BodyTooLarge, UnsupportedMediaType

UNANNOUNCED = b"application/x-www-form-urlencoded"
"""What curl and others announce when they are told nothing: taken as JSON, and refused as such if it is none."""
SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")
JSON = re.compile(rb"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)


class Head(NamedTuple):
    """The headers that /parse reads; `request_id` is None unless the caller gave a sane one."""

    request_id: str | None
    content_type: bytes = b"application/json"
    content_encoding: bytes = b"identity"
    content_length: int = 0

    def check(self, max_body_bytes: int) -> None:
        """Refuse a body by what it claims to be, before any of it is read."""
        if self.content_type not in (b"application/json", UNANNOUNCED) and not JSON.fullmatch(
            self.content_type
        ):
            raise UnsupportedMediaType(
                f"found Content-Type {self.content_type!r}, expected application/json in UTF-8"
            )
        if self.content_encoding != b"identity":
            raise UnsupportedMediaType(f"found Content-Encoding {self.content_encoding!r}, expected none")
        if self.content_length > max_body_bytes:
            raise BodyTooLarge(
                f"found a body of {self.content_length} bytes, expected at most {max_body_bytes}"
            )


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Pick the headers out of ASGI's list, where names are in lower case."""
    found = {name: value for name, value in headers if name in _READ}
    given = found.get(b"x-request-id", b"")
    length = found.get(b"content-length", b"0")
    return Head(
        request_id=given.decode() if SANE_ID.fullmatch(given) else None,
        content_type=found.get(b"content-type", b"application/json"),
        content_encoding=found.get(b"content-encoding", b"identity"),
        content_length=int(length) if length.isdigit() else 0,
    )


def request_ids() -> Iterator[str]:
    """Ids that no other process gives: a random start, then a count."""
    start = secrets.token_hex(6)
    return (f"{start}-{count:x}" for count in itertools.count(1))


_READ = frozenset({b"x-request-id", b"content-type", b"content-encoding", b"content-length"})
