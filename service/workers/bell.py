"""How a worker asks the others to publish their news now: a message to each, and a short wait for their answers."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ASK, ANSWER = b"?", b"!"
MESSAGE = struct.Struct("cQ")
ANSWER_S = 0.03
"""A scrape waits no longer: what a busy worker published last is at most a period old."""


class Bell:
    """One worker's, with a socket of its own in the folder that they share. Made and used in the event loop's thread."""

    def __init__(self, folder: Path, number: int, workers: int, publish: Callable[[], None]) -> None:
        self._others = [str(folder / f"bell.{other}") for other in range(workers) if other != number]
        self._publish = publish
        self._asked = 0
        self._unanswered: dict[int, int] = {}
        self._answered: dict[int, asyncio.Future[None]] = {}
        own = folder / f"bell.{number}"
        own.unlink(missing_ok=True)  # A worker of this number was here before.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.bind(str(own))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._hear)

    async def ring(self) -> None:
        """Ask all others, and wait until they have published; who does not answer soon is not waited for."""
        self._asked += 1
        asked, answered = self._asked, self._loop.create_future()
        self._unanswered[asked] = sum(self._send(other, ASK, asked) for other in self._others)
        self._answered[asked] = answered
        try:
            if self._unanswered[asked]:
                with suppress(TimeoutError):
                    async with asyncio.timeout(ANSWER_S):
                        await answered
        finally:
            del self._unanswered[asked], self._answered[asked]

    def close(self) -> None:
        """Answer nobody any more."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()

    def _send(self, other: str, kind: bytes, asked: int) -> bool:
        """Whether it was sent: nobody may be there, or have too much to read."""
        with suppress(OSError):
            self._socket.sendto(MESSAGE.pack(kind, asked), other)
            return True
        return False

    def _hear(self) -> None:
        while True:
            try:
                message, sender = self._socket.recvfrom(MESSAGE.size)
            except OSError:
                return
            kind, asked = MESSAGE.unpack(message)
            if kind == ASK:
                self._publish()
                self._send(sender, ANSWER, asked)
            elif asked in self._unanswered:
                self._count_answer(asked)

    def _count_answer(self, asked: int) -> None:
        self._unanswered[asked] -= 1
        answered = self._answered[asked]
        if not self._unanswered[asked] and not answered.done():
            answered.set_result(None)
