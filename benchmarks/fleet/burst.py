"""Requests that come all at once to a server that does nothing: they are read, then run as one batch, then answered.

While the batch runs the event loop stands still, so that its processor time then tells what it took to read. uvloop writes
all answers of a turn at its end, so that what lies between one answer and the next is a write.
"""

import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from selectors import EVENT_READ, DefaultSelector
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed

SIZE = 24
BURSTS = 12
CHUNK_BYTES = 65_536


class Burst(NamedTuple):
    """Of what the loop takes of requests, the share before their run; and the seconds from one answer to the next."""

    read_share: float
    write_s: float


def measure(port: int, request: bytes, loop_s: Callable[[], float]) -> Burst:
    """Medians over bursts of one request many times; `loop_s` tells the loop's seconds so far.

    Raises:
        MeasurementFailed: the loop was never seen to stand still.
    """
    shares, spacings_s = [], []
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection((HOST, port))) for _ in range(SIZE)]
        for _ in range(BURSTS):
            spacings_s.append(_spacing_s(connections, request))
            if (share := _read_share(connections, request, loop_s)) is not None:
                shares.append(share)
    if not shares:
        raise MeasurementFailed(f"found no pause of the loop in {BURSTS} bursts, expected one in each: a run")
    return Burst(median(shares), median(spacings_s))


def _spacing_s(connections: Sequence[socket.socket], request: bytes) -> float:
    with DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, EVENT_READ)
            connection.sendall(request)
        moments_s = _answers(selector, len(connections))
    return (moments_s[-1] - moments_s[0]) / (len(moments_s) - 1)


def _answers(selector: DefaultSelector, expected: int) -> list[float]:
    """When each connection had its answer; one comes in one piece."""
    moments_s: list[float] = []
    while len(moments_s) < expected:
        for key, _ in selector.select():
            _take(selector, key.fileobj)
            moments_s.append(perf_counter())
    return moments_s


def _take(selector: DefaultSelector, connection: object) -> None:
    if not isinstance(connection, socket.socket) or not connection.recv(CHUNK_BYTES):
        raise MeasurementFailed("found a connection closed by the server, expected an answer")
    selector.unregister(connection)


def _read_share(
    connections: Sequence[socket.socket], request: bytes, loop_s: Callable[[], float]
) -> float | None:
    """None where nobody looked while the batch ran."""
    before_s = loop_s()
    with DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, EVENT_READ)
            connection.sendall(request)
        seen: Counter[float] = Counter()
        while selector.get_map():
            seen[loop_s()] += 1
            for key, _ in selector.select(timeout=0):
                _take(selector, key.fileobj)
    after_s = loop_s()
    within = {moment_s: count for moment_s, count in seen.items() if before_s < moment_s < after_s}
    if not within:
        return None
    pause_s = max(within, key=within.__getitem__)
    return (pause_s - before_s) / (after_s - before_s)
