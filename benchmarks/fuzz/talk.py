"""One connection to the server as a case has it: what comes back, or why nothing more does."""

import select
import socket

from benchmarks.client import HOST
from benchmarks.fuzz.case import Case, End
from benchmarks.reset import ABORT

BOUND_S = 20.0
"""For the server to close, or to take what is sent."""
QUIET_S = 0.03
"""Without an answer, after which a caller who does not know how many will come leaves."""


def talk(port: int, case: Case) -> bytes:
    """Send a case, and return what came back; TimeoutError where the server neither reads nor closes."""
    with socket.create_connection((HOST, port), timeout=BOUND_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = bytearray()
        for part in case.parts:
            if not _sent(connection, part):
                break
        if case.end is End.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            return b""
        if case.end is End.LEAVE:
            is_open = _read(connection, received, QUIET_S)
            if is_open:
                connection.shutdown(socket.SHUT_WR)
        if _read(connection, received, BOUND_S):
            raise TimeoutError(f"found the connection open after {BOUND_S:g} s")
        return bytes(received)


def _sent(connection: socket.socket, part: bytes) -> bool:
    """Whether the server took it: one that has closed need not."""
    try:
        connection.sendall(part)
    except ConnectionError:
        return False
    return True


def _read(connection: socket.socket, received: bytearray, bound_s: float) -> bool:
    """Read until the server closes, or nothing comes for so long; whether it is still open."""
    while select.select([connection], [], [], bound_s)[0]:
        try:
            data = connection.recv(262_144)
        except ConnectionError:
            return False
        if not data:
            return False
        received += data
    return True
