"""An open-loop load: each request has a moment at which it is meant to be sent, whatever is still unanswered then.

Callers do not wait for one another, so that a server that stops for a second owes an answer to every request of that
second. Latency counts from the intended moment; `lag_s` says how late the generator itself was, which no server is to blame
for. Requests go over a pool of keep-alive connections, by turns; one that finds none free opens another.
"""

import asyncio
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from random import Random
from time import perf_counter, thread_time
from types import TracebackType
from typing import NamedTuple, Self, cast

from benchmarks.alarm import Alarm
from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from benchmarks.responses import Cutter

POOL = 64
MAX_OPEN = 8_000
ANSWER_S = 60.0
NO_ANSWER = 0
"""The status of a request whose connection was refused or lost, or that was not answered in time."""
VERSION = re.compile(rb'"version": ?"([^"\\]+)"')


class Record(NamedTuple):
    """One request, in seconds of `perf_counter`; `version` is the one that an answer of 200 names."""

    intended_s: float
    sent_s: float
    done_s: float
    status: int
    version: str | None

    @property
    def latency_s(self) -> float:
        """From the moment at which it was meant to be sent to its end."""
        return self.done_s - self.intended_s

    @property
    def lag_s(self) -> float:
        """How late the generator turned to it."""
        return self.sent_s - self.intended_s


def uniform(rate_per_s: float) -> Iterator[float]:
    """Moments at equal distances, from 0."""
    return (number / rate_per_s for number in count())


def poisson(rate_per_s: float, seed: int) -> Iterator[float]:
    """Moments of callers who know nothing of one another: distances are exponential."""
    random = Random(seed)  # noqa: S311 - not cryptography
    moment_s = 0.0
    while True:
        moment_s += random.expovariate(rate_per_s)
        yield moment_s


class OpenLoop:
    """Sends the requests in a circle at the moments of a schedule, for the length of an `async with`.

    At its end it waits for what is unanswered, ANSWER_S at most. `records` has every request that has come to an end.
    """

    def __init__(self, port: int, requests: Sequence[bytes], schedule: Iterator[float]) -> None:
        self.records: list[Record] = []
        self.cpu_share = 0.0
        """Share of a core that the event loop's thread took, whatever else runs in it included."""
        self._port = port
        self._requests = cycle(requests)
        self._schedule = schedule
        self._alarm = Alarm(self._send_due)
        self._free: deque[_Connection] = deque()
        self._open: set[_Connection] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._unanswered = 0
        self._all_ended, self._all_lost = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        for _ in range(POOL):
            self._free.append(await self._connect())
        self._cpu_s, self.start_s = thread_time(), perf_counter()
        self._alarm.__enter__()
        self._next_s = self.start_s + next(self._schedule)
        self._alarm.set(self._next_s)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.__exit__()
        self.cpu_share = (thread_time() - self._cpu_s) / (perf_counter() - self.start_s)
        try:
            async with asyncio.timeout(ANSWER_S if error is None else 0):
                while self._unanswered:
                    self._all_ended.clear()
                    await self._all_ended.wait()
        except TimeoutError:
            pass  # `lost` records each of them
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        self._all_lost.clear()
        for connection in list(self._open):
            connection.abort()
        if self._open:
            await self._all_lost.wait()

    def _send_due(self) -> None:
        """Send whatever is due, and set the alarm to what comes next."""
        while self._next_s <= (now_s := perf_counter()):
            self._send(self._next_s, now_s)
            self._next_s = self.start_s + next(self._schedule)
        self._alarm.set(self._next_s)

    def _send(self, intended_s: float, now_s: float) -> None:
        request = next(self._requests)
        self._unanswered += 1
        if self._free:
            self._free.popleft().send(request, intended_s, now_s)
        elif len(self._open) + len(self._opening) >= MAX_OPEN:
            self.ended(Record(intended_s, now_s, now_s, NO_ANSWER, None))
        else:
            task = asyncio.create_task(self._send_over_another(request, intended_s, now_s))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _send_over_another(self, request: bytes, intended_s: float, now_s: float) -> None:
        try:
            connection = await self._connect()
        except (MeasurementFailed, asyncio.CancelledError) as error:
            self.ended(Record(intended_s, now_s, perf_counter(), NO_ANSWER, None))
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            connection.send(request, intended_s, now_s)

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(lambda: _Connection(self), HOST, self._port)
        except OSError as error:
            raise MeasurementFailed(f"port {self._port}: found no server: {error}") from error
        self._open.add(connection)
        return connection

    def ended(self, record: Record) -> None:
        """Note that a request has come to its end."""
        self.records.append(record)
        self._unanswered -= 1
        if not self._unanswered:
            self._all_ended.set()

    def freed(self, connection: "_Connection") -> None:
        """Take a connection back, to be used again after all others that are free."""
        self._free.append(connection)

    def lost(self, connection: "_Connection") -> None:
        """Forget a connection that is gone."""
        self._open.discard(connection)
        if not self._open:
            self._all_lost.set()
        if connection in self._free:
            self._free.remove(connection)


class _Connection(asyncio.Protocol):
    """Carries one request at a time."""

    def __init__(self, load: OpenLoop) -> None:
        self._load = load
        self._cutter = Cutter()
        self._transport: asyncio.Transport
        self._sent: tuple[float, float] | None = None  # intended, sent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, intended_s: float, now_s: float) -> None:
        """Send a request; the connection comes back to the pool with the answer."""
        self._sent = (intended_s, now_s)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            responses = self._cutter.feed(data)
        except MeasurementFailed:
            self.abort()
            return
        for status, body in responses:
            if self._sent is None:
                self.abort()  # an answer that nobody asked for
                return
            found = VERSION.search(body) if status == 200 else None
            self._end(status, sys.intern(found[1].decode()) if found else None)
            self._load.freed(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._sent is not None:
            self._end(NO_ANSWER, None)
        self._load.lost(self)

    def abort(self) -> None:
        """Hang up; what it carries has no answer then."""
        self._transport.abort()

    def _end(self, status: int, version: str | None) -> None:
        intended_s, sent_s = cast("tuple[float, float]", self._sent)
        self._sent = None
        self._load.ended(Record(intended_s, sent_s, perf_counter(), status, version))
