"""A case: the bytes of one connection, how it ends, and what may come back."""

from enum import Enum
from typing import NamedTuple


class End(Enum):
    """What the caller does when all is sent."""

    READ = "reads until the server closes"
    LEAVE = "reads while something comes, then closes its side, and reads until the server closes"
    RESET = "resets the connection"


class Item(NamedTuple):
    """An utterance that is asked for, and the unit of its spans."""

    text: str
    unit: str


class Case(NamedTuple):
    """One connection. `parts` are written one after the other."""

    parts: tuple[bytes, ...]
    end: End
    items: tuple[Item, ...] = ()
    """What the only request asks for, where it is a sound one: each has a frame or a problem, in this order."""
    ids: tuple[str, ...] | None = None
    """Ids of the answers, in their order; None where any may come."""
    last_status: int | None = None
    """Of one more answer, with an id of the server's own, that the server ends the connection with."""

    def __str__(self) -> str:
        return f"{self.end.name}: it {self.end.value}\n" + "\n".join(f"  {part!r}" for part in self.parts)


def request(body: bytes, *headers: bytes, path: bytes = b"/parse", method: bytes = b"POST") -> bytes:
    """A request with a body, framed by its length."""
    lines = [b"%b %b HTTP/1.1" % (method, path), b"host: fuzz", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])
