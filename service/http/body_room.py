"""How many bytes of bodies all connections of a server hold together: of those that are still coming, and of those that are
not answered yet.

Each body has its bound, and so have connections; many times the one is more memory than a process has. Past the bound of all
together the body that has been coming for the longest time makes room: who sends all of his at once is worth more.
"""

from typing import Protocol

from polyparse.errors import PolyparseError
from service.errors import QueueFull

RETRY_S = 1


class BodyHolder(Protocol):
    """A connection whose latest request has a body."""

    def refuse(self, error: PolyparseError) -> None:
        """Answer with a problem in place of the body's own answer, and drop the body."""


class BodyRoom:
    """All use is in the event loop's thread."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._coming: dict[BodyHolder, None] = {}
        """In the order in which they began."""
        self.held = 0

    def take(self, holder: BodyHolder, size: int) -> None:
        """Hold so many bytes more of a body that is still coming; some body, perhaps this one, may have to go."""
        self._coming.setdefault(holder)
        self.held += size
        self._make_room()

    def grow(self, size: int) -> None:
        """Hold so many bytes more of one that is whole; QueueFull where no other can make room for them."""
        self.held += size
        self._make_room()
        if self.held > self._max_bytes:
            self.held -= size
            raise self._refusal()

    def is_whole(self, holder: BodyHolder) -> None:
        """Nothing more is to come of a holder's body; or of what comes nothing is held."""
        self._coming.pop(holder, None)

    def release(self, size: int) -> None:
        """Hold so many bytes less."""
        self.held -= size

    def _make_room(self) -> None:
        while self.held > self._max_bytes and self._coming:
            oldest = next(iter(self._coming))
            del self._coming[oldest]
            oldest.refuse(self._refusal())

    def _refusal(self) -> QueueFull:
        return QueueFull(
            f"found more than {self._max_bytes} bytes of bodies that are not answered yet, expected at most so many",
            retry_after_s=RETRY_S,
        )
