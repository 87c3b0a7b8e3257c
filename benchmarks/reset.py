"""Callers who reset their connection in the middle of a request."""

import socket
import struct

from benchmarks.client import HOST

ABORT = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time: to close is to reset."""


def reset(port: int, part: bytes) -> None:
    """Send a part of a request, or all of it, and reset the connection."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        connection.sendall(part)
