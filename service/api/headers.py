"""The headers of a request that are read: its id, its deadline, its version or key, and what its body claims to be."""

import itertools
import re
import secrets
from collections.abc import Collection, Iterator
from reprlib import repr as brief
from typing import NamedTuple

from service.api.content_encoding import IDENTITY, Coding, coding_of
from service.api.content_type import check_content_type
from service.errors import BodyTooLarge, InvalidHeader
from service.registry.assignment import Asked

SANE_ID = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}")
BLANK = b" \t"
"""What may stand around a value and is no part of it (RFC 9110, 5.5)."""
MAX_DEADLINE_MS = 3_600_000
MILLISECONDS = re.compile(rb"[0-9]{1,7}")


class RequestHeaders(NamedTuple):
    """The headers that fast routes read; `request_id` is None unless the caller sent a sane one."""

    request_id: str | None
    content_type: bytes = b"application/json"
    content_encoding: bytes = IDENTITY
    content_length: int = 0
    deadline: bytes | None = None
    server_timing: bool = False
    model_version: str | None = None
    canary_key: bytes | None = None

    def asked(self) -> Asked:
        """Which version the caller wants."""
        return Asked(self.model_version, self.canary_key)

    def check(self, max_body_bytes: int) -> None:
        """Refuse a body by what it claims to be, before any of it is read."""
        check_content_type(self.content_type)
        if self.content_length > max_body_bytes:
            raise BodyTooLarge(
                f"found a body of {self.content_length} bytes, expected at most {max_body_bytes}"
            )

    def coding(self) -> Coding | None:
        """The coding that the body is to be freed of, None for most; UnsupportedMediaType for one that is not known."""
        return None if self.content_encoding == IDENTITY else coding_of(self.content_encoding)

    def deadline_ms(self) -> int | None:
        """The caller's own limit, in milliseconds from the request's arrival; InvalidHeader for what is none."""
        if self.deadline is None:
            return None
        if not MILLISECONDS.fullmatch(self.deadline) or not 0 < int(self.deadline) <= MAX_DEADLINE_MS:
            raise InvalidHeader(
                f"X-Deadline-Ms: found {brief(self.deadline)}, expected milliseconds from 1 to {MAX_DEADLINE_MS}"
            )
        return int(self.deadline)


def read_headers(headers: Collection[tuple[bytes, bytes]]) -> RequestHeaders:
    """Pick the headers out of ASGI's list, where names are in lower case."""
    values = {name: value for name, value in headers if name in _READ}
    request_id = values.get(b"x-request-id", b"")
    length = values.get(b"content-length", b"0")
    return RequestHeaders(
        request_id=request_id.decode() if SANE_ID.fullmatch(request_id) else None,
        content_type=values.get(b"content-type", b"application/json"),
        content_encoding=_joined(b"content-encoding", headers) if b"content-encoding" in values else IDENTITY,
        content_length=int(length) if length.isdigit() else 0,
        deadline=values[b"x-deadline-ms"].strip(BLANK) if b"x-deadline-ms" in values else None,
        model_version=values.get(b"x-model-version", b"").strip(BLANK).decode("latin-1") or None,
        canary_key=values.get(b"x-canary-key", b"").strip(BLANK) or None,
        server_timing=values.get(b"x-server-timing", b"").strip(BLANK) == b"1",
    )


def request_ids() -> Iterator[str]:
    """Ids that no other process makes: a random start, then a count."""
    start = secrets.token_hex(6)
    return (f"{start}-{count:x}" for count in itertools.count(1))


def _joined(name: bytes, headers: Collection[tuple[bytes, bytes]]) -> bytes:
    """The value of a header that is a list and may come in several lines (RFC 9110, 5.3)."""
    return b", ".join(value for each, value in headers if each == name)


_READ = frozenset(
    {
        b"x-request-id",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"x-deadline-ms",
        b"x-model-version",
        b"x-canary-key",
        b"x-server-timing",
    }
)
