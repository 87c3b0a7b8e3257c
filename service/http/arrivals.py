"""Since when the bytes that a connection reads could have been read: what a caller waits for before anything is parsed.

    bytes come -> the event loop looks at its sockets -> it reads one connection after the other

What can be seen: all that is read after one look counts from that look, so that a request behind a thousand others waits for
them too, and for Python's lock. Where the loop is late by more than a tick of loop_lag.py, and for the first bytes of a
connection, which may have stood in the queue of the listening socket, the kernel is asked how long ago the socket last got
bytes (TCP_INFO); where it cannot say, bytes that a late loop reads count from when its tick was due.

What cannot: less than a tick (10 ms) between the bytes' arrival and the look; of a head in several packets, those before the
last; bytes of a connection that is not read because a request is ahead of its answer.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from service.clock import Clock

LEAST_S = 0.01
"""Less is not told from none: the kernel counts in steps of up to 4 ms, and a loop that is not late looks this often."""
RESOLUTION_S = 0.001
"""Of the time that an event loop keeps since its last look."""
SINCE_BYTES_CAME = slice(52, 56)
"""Milliseconds in Linux' struct tcp_info (tcpi_last_data_recv)."""


class Transport(Protocol):
    """A connection's, as far as it gives its socket."""

    def get_extra_info(self, name: str) -> socket.socket | None:
        """The socket, by the name "socket"."""


class Arrivals:
    """Of all connections of a server. Made and used in the event loop's thread."""

    def __init__(self, clock: Clock, late_s: Callable[[float], float]) -> None:
        """`late_s` tells by how much the loop is late at a time."""
        self._clock = clock
        self._late_s = late_s
        self._loop = asyncio.get_running_loop()
        self._looked_s: float | None = None
        self._lag_s = 0.0

    def since_s(self, transport: Transport, *, is_first: bool) -> float:
        """Since when, by the clock, bytes that this connection reads now, its first ones or not, could have been read."""
        if self._looked_s is None:
            self._look()
        assert self._looked_s is not None  # noqa: S101 - it has just looked.
        if not is_first and self._lag_s < LEAST_S:
            return self._looked_s
        lay_s = _lay_s(transport)
        if lay_s is None:
            return self._looked_s - self._lag_s
        return self._looked_s if lay_s < LEAST_S else min(self._looked_s, self._clock() - lay_s)

    def _look(self) -> None:
        """The loop has looked at its sockets: this is the first one that it reads since."""
        now_s = self._clock()
        self._looked_s = min(now_s, self._loop.time() + RESOLUTION_S)
        self._lag_s = self._late_s(now_s)
        self._loop.call_soon(self._forget)

    def _forget(self) -> None:
        """All that could be read is read: what comes now is of another look."""
        self._looked_s = None


def _lay_s(transport: Transport) -> float | None:
    """How long ago a connection's socket last got bytes; None where nobody knows."""
    connection = transport.get_extra_info("socket")
    if connection is None or not sys.platform.startswith("linux"):
        return None
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SINCE_BYTES_CAME.stop)
    except OSError:
        return None
    return int.from_bytes(told[SINCE_BYTES_CAME], sys.byteorder) / 1000
