"""A load client that costs little: preformatted requests over keep-alive connections, one in flight on each.

It speaks plain asyncio protocols, and all that it does between an answer and the next request is to cut the answer by its
Content-Length, look at the status and note the time.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, thread_time
from typing import TypeVar, cast

import uvloop

from benchmarks.errors import MeasurementFailed
from benchmarks.responses import Cutter

HOST = "127.0.0.1"
TIMEOUT_S = 120.0

T = TypeVar("T")


def post(path: str, body: bytes) -> bytes:
    """A request with a JSON body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass(frozen=True)
class Traffic:
    """What came of some requests: seconds of each one that was answered with 200, and the others by what went wrong."""

    latencies_s: Sequence[float]
    faults: Mapping[str, int]
    seconds: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds

    @property
    def p50_ms(self) -> float:
        """Median time from a request to its answer."""
        return 1e3 * median(self.latencies_s)

    @property
    def errors(self) -> int:
        """How many requests were not answered with 200."""
        return sum(self.faults.values())

    @property
    def ceiling_per_s(self) -> float:
        """Answers a second of the client's own CPU time: it could not see more, however fast the server."""
        return len(self.latencies_s) / self.cpu_s


def send(port: int, requests: Sequence[bytes], *, connections: int, timeout_s: float = TIMEOUT_S) -> Traffic:
    """Send every request once, `connections` at a time, and wait for all answers."""
    return on_uvloop(lambda: exchange(port, requests, connections=connections, timeout_s=timeout_s))


async def exchange(
    port: int, requests: Sequence[bytes], *, connections: int, timeout_s: float = TIMEOUT_S
) -> Traffic:
    """`send` inside a running loop.

    Raises:
        MeasurementFailed: no connection, no end within `timeout_s`, or not one answer of 200.
    """
    work = _Work(iter(requests), connections, asyncio.get_running_loop().create_future())
    opened: list[_Connection] = []
    try:
        async with asyncio.timeout(timeout_s):
            for _ in range(connections):
                opened.append(await _connect(port, work))
            started_s, started_cpu_s = perf_counter(), thread_time()
            for connection in opened:
                connection.next()
            await work.done
    except TimeoutError:
        raise MeasurementFailed(f"port {port}: found no end in {timeout_s:g} s: {work}") from None
    finally:
        for connection in opened:
            connection.close()
    if not work.latencies_s:
        raise MeasurementFailed(f"port {port}: found no answer of 200 to {len(requests)} requests: {work}")
    return Traffic(
        work.latencies_s, work.faults, work.answered_s - started_s, work.answered_cpu_s - started_cpu_s
    )


class _Work:
    """The requests left, and what has come of the others; `done` once every connection is closed."""

    def __init__(self, left: Iterator[bytes], connections: int, done: asyncio.Future[None]) -> None:
        self.left = left
        self.connections = connections
        self.done = done
        self.latencies_s: list[float] = []
        self.faults: Counter[str] = Counter()
        self.answered_s = self.answered_cpu_s = 0.0

    def __str__(self) -> str:
        faults = ", ".join(f"{count} x {fault}" for fault, count in self.faults.items())
        return f"{len(self.latencies_s)} answers of 200, {faults or 'no faults'}"

    def closed(self) -> None:
        """Note that a connection is gone."""
        self.connections -= 1
        if not self.connections and not self.done.done():
            self.done.set_result(None)


class _Connection(asyncio.Protocol):
    """Sends a request as soon as the one before it is answered; closes when there are none left, or on a fault."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._cutter = Cutter()
        self._transport: asyncio.Transport
        self._sent_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def next(self) -> None:
        """Send the next request, if there is one."""
        request = next(self._work.left, None)
        if request is None:
            self.close()
            return
        self._sent_s = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            responses = self._cutter.feed(data)
        except MeasurementFailed as error:
            self._fail(str(error))
            return
        for response in responses:
            if self._sent_s is None:
                self._fail("an answer that nobody asked for")
                return
            now_s = perf_counter()
            if response.status == 200:
                self._work.latencies_s.append(now_s - self._sent_s)
            else:
                self._work.faults[f"{response.status} {response.body[:200]!r}"] += 1
            self._work.answered_s, self._work.answered_cpu_s = now_s, thread_time()
            self._sent_s = None
            self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent_s is not None:
            self._fail(f"connection lost ({exc or 'closed by the server'})")
        self._work.closed()

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _fail(self, fault: str) -> None:
        self._work.faults[fault] += 1
        self._sent_s = None
        self.close()


async def _connect(port: int, work: _Work) -> _Connection:
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(work), HOST, port
        )
    except OSError as error:
        raise MeasurementFailed(f"port {port}: found no server: {error}") from error
    return connection


def on_uvloop(main: Callable[[], Coroutine[object, object, T]]) -> T:
    """Run a coroutine to its end on the loop that the service has too."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
