"""The headers of a request that are read: its id, its deadline, and what its body claims to be."""

import itertools
import re
import secrets
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from service.errors import BodyTooLarge, InvalidHeader, UnsupportedMediaType

DEFAULT_OF_CLIENTS = b"application/x-www-form-urlencoded"
"""The Content-Type that curl and others send by default: read as JSON, and refused as JSON if it is not."""
SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")
JSON = re.compile(rb"application/json\s*(;\s*charset\s*=\s*\"?utf-8\"?\s*)?", re.IGNORECASE)
MAX_DEADLINE_MS = 3_600_000
MILLISECONDS = re.compile(rb"[0-9]{1,7}")


class RequestHeaders(NamedTuple):
    """The headers that fast routes read; `request_id` is None unless the caller sent a sane one."""

    request_id: str | None
    content_type: bytes = b"application/json"
    content_encoding: bytes = b"identity"
    content_length: int = 0
    deadline: bytes | None = None
    server_timing: bool = False

    def check(self, max_body_bytes: int) -> None:
        """Refuse a body by what it claims to be, before any of it is read."""
        if self.content_type not in (b"application/json", DEFAULT_OF_CLIENTS) and not JSON.fullmatch(
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

    def deadline_ms(self) -> int | None:
        """The caller's own limit, in milliseconds from the request's arrival; InvalidHeader for what is none."""
        if self.deadline is None:
            return None
        if not MILLISECONDS.fullmatch(self.deadline) or not 0 < int(self.deadline) <= MAX_DEADLINE_MS:
            raise InvalidHeader(
                f"X-Deadline-Ms: found {self.deadline!r}, expected milliseconds from 1 to {MAX_DEADLINE_MS}"
            )
        return int(self.deadline)


def read_headers(headers: Iterable[tuple[bytes, bytes]]) -> RequestHeaders:
    """Pick the headers out of ASGI's list, where names are in lower case."""
    values = {name: value for name, value in headers if name in _READ}
    request_id = values.get(b"x-request-id", b"")
    length = values.get(b"content-length", b"0")
    return RequestHeaders(
        request_id=request_id.decode() if SANE_ID.fullmatch(request_id) else None,
        content_type=values.get(b"content-type", b"application/json"),
        content_encoding=values.get(b"content-encoding", b"identity"),
        content_length=int(length) if length.isdigit() else 0,
        deadline=values.get(b"x-deadline-ms"),
        server_timing=values.get(b"x-server-timing") == b"1",
    )


def request_ids() -> Iterator[str]:
    """Ids that no other process makes: a random start, then a count."""
    start = secrets.token_hex(6)
    return (f"{start}-{count:x}" for count in itertools.count(1))


_READ = frozenset(
    {
        b"x-request-id",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"x-deadline-ms",
        b"x-server-timing",
    }
)
