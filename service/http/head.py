"""The head of a request as bytes again: how many it has, and the same head without what asks for an upgrade."""

from collections.abc import Sequence
from typing import NamedTuple

UPGRADE_NAMES = frozenset({b"upgrade", b"connection", b"http2-settings"})


class RequestHead(NamedTuple):
    """A request line, and headers with their names in lower case."""

    method: bytes
    target: bytes
    version: str
    headers: Sequence[tuple[bytes, bytes]]

    @property
    def size(self) -> int:
        """Bytes, to within a few blanks."""
        request_line = len(self.method) + len(self.target) + len(b"  HTTP/1.1\r\n")
        return request_line + sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers) + 2

    def without_upgrade(self, *, keeps_alive: bool) -> bytes:
        """All of it but what asks for an upgrade; `keeps_alive` as it asked for."""
        lines = [b"%b %b HTTP/%b" % (self.method, self.target, self.version.encode())]
        lines += [b"%b: %b" % each for each in self.headers if each[0] not in UPGRADE_NAMES]
        if not keeps_alive:
            lines.append(b"connection: close")
        return b"\r\n".join([*lines, b"", b""])


def last(answer: bytes) -> bytes:
    """An answer that says that it is the last one of its connection."""
    return answer.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
