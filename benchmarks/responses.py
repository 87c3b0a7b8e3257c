"""A stream of bytes cut into HTTP/1.1 responses by their Content-Length."""

import re
from typing import NamedTuple

from benchmarks.errors import MeasurementFailed

STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3})[ \r]")
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"
MAX_HEAD_BYTES = 65_536


class Response(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Cutter:
    """Takes bytes as they come, in pieces of any size, and gives each response once it is whole."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Response]:
        """The responses that these bytes complete; MeasurementFailed where they are none of the expected form."""
        self._rest += data
        actual: list[Response] = []
        while (cut := self._first()) is not None:
            response, end = cut
            actual.append(response)
            self._rest = self._rest[end:]
        return actual

    def _first(self) -> tuple[Response, int] | None:
        """The first response and where it ends, or None while it is not whole."""
        head_end = self._rest.find(HEAD_END)
        if head_end < 0:
            if len(self._rest) > MAX_HEAD_BYTES:
                raise MeasurementFailed(f"found {len(self._rest)} bytes without the end of a response's head")
            return None
        status = STATUS_LINE.match(self._rest)
        length = CONTENT_LENGTH.search(self._rest, 0, head_end + 2)
        if status is None or length is None:
            raise MeasurementFailed(
                f"found {self._rest[:head_end]!r}, expected the head of an HTTP/1.1 response with Content-Length"
            )
        start = head_end + len(HEAD_END)
        end = start + int(length[1])
        return (Response(int(status[1]), self._rest[start:end]), end) if len(self._rest) >= end else None
