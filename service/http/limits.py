"""What a connection may take: bytes of a head, requests ahead of their answers, and time without progress."""

from typing import NamedTuple


class ConnectionLimits(NamedTuple):
    """Bounds of one connection, and of how many there may be."""

    connections: int
    """So many at once; then the one that has been idle for the longest time makes room."""
    head_bytes: int = 16_384
    """A request line with all its headers."""
    head_s: float = 10.0
    """From the first byte of a head, or from the connection's begin, to the head's end."""
    idle_s: float = 75.0
    """Without a request. Longer than common load balancers keep idle connections, so that they close them, not we."""
    unread_bytes: int = 1_048_576
    """Of a body that is read and dropped after its answer, so that the answer is not lost in a reset."""
    unread_s: float = 5.0
    """Time for that, and for the other side to close after the last answer."""
    blocked_s: float = 30.0
    """With an answer that the other side does not read."""
    bodies_bytes: int = 67_108_864
    """Of all bodies that are held at once, on all connections."""
    pipelined: int = 16
    """Requests that wait for the answer to an earlier one on their connection; then no more are read from it."""
