"""An open-loop load, sent by the generator of the load tests: each request has a moment at which it is meant to be sent.

Callers do not wait for one another, so that a server that stops for a second owes an answer to every request of that
second. Latency counts from the intended moment; `lag_s` says how late the generator itself was, which no server is to blame
for.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from random import Random
from time import perf_counter, thread_time
from types import TracebackType
from typing import NamedTuple, Self

from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from loadtest import generator
from loadtest.address import Address
from loadtest.errors import ServiceAbsent
from loadtest.generator import Post
from loadtest.mix import PARSE
from loadtest.points import Point

NO_ANSWER = 0
"""The status of a request whose connection was refused or lost, or that was not answered in time."""


class Connections(NamedTuple):
    """How many are open at first and at most, how many requests wait for one, and for how long a request goes on."""

    first: int = 64
    most: int = 8_000
    most_waiting: int = 0
    answer_s: float = 60.0
    settle_s: float = 0.0
    """Time for the service to take in connections, before the first request."""


USUAL = Connections()


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


class OpenLoad:
    """Sends the requests in a circle at the moments of a schedule, for the length of an `async with`.

    At its end it waits for what is unanswered. `points` has every request that has come to an end, in seconds from when the
    generator began; the first moment of the schedule is `start_s`.
    """

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        schedule: Iterator[float],
        *,
        connections: Connections = USUAL,
    ) -> None:
        self.cpu_share = 0.0
        """Share of a core that the event loop's thread took, whatever else runs in it included."""
        self._port = port
        self._posts = cycle([Post(request, PARSE) for request in requests])
        self._moments = (connections.settle_s + moment_s for moment_s in schedule)
        self._settle_s = connections.settle_s
        self._loop = generator.OpenLoop(
            Address("http", HOST, port, ""),
            connections=connections.most,
            timeout_s=connections.answer_s,
            first=connections.first,
            most_waiting=connections.most_waiting,
        )
        self._records: list[Record] = []

    @property
    def points(self) -> Sequence[Point]:
        """Every request that has come to an end."""
        return self._loop.points

    @property
    def start_s(self) -> float:
        """When the load began, in seconds of `perf_counter`."""
        return self._loop.start_s + self._settle_s

    @property
    def records(self) -> Sequence[Record]:
        """Every request that has come to an end; the list grows by those since it was last asked for."""
        begun_s = self._loop.start_s
        for each in self.points[len(self._records) :]:
            intended_s, turned_s, done_s = (
                begun_s + moment_s for moment_s in (each.intended_s, each.turned_s, each.done_s)
            )
            self._records.append(Record(intended_s, turned_s, done_s, each.status, each.version))
        return self._records

    async def __aenter__(self) -> Self:
        started = asyncio.Event()
        self._offering = asyncio.create_task(self._loop.offer(self._moments, self._posts, started))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait([self._offering, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._offering.done():
            try:
                await self._offering
            except ServiceAbsent as error:
                raise MeasurementFailed(f"port {self._port}: found no server: {error}") from error
        await asyncio.sleep(self._settle_s)
        self._cpu_s, self._begun_s = thread_time(), perf_counter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu_share = (thread_time() - self._cpu_s) / (perf_counter() - self._begun_s)
        if error is None:
            self._loop.stop()
            await self._offering
        else:
            self._offering.cancel()
            await asyncio.wait([self._offering])
