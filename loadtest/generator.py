"""The open loop: each request is sent at the moment that was meant for it, however many are unanswered then.

Callers do not wait for one another, so that a service that stops for a second owes an answer to every request of that
second, and latency counts from the intended moment. Requests go over keep-alive connections; one that finds none free
opens another, up to a bound; past it some may wait for one that is freed. Every request ends: by an answer, by the loss of
its connection, or by its time-out.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from math import inf
from time import perf_counter
from typing import NamedTuple

from loadtest.address import Address
from loadtest.alarm import Alarm
from loadtest.channel import Channel, Reply
from loadtest.errors import ServiceAbsent
from loadtest.outcome import TIMED_OUT, UNCONNECTED, UNSENT, of_batch, of_status
from loadtest.points import Point

FIRST = 32
"""Connections that are open before the first request."""
AT_ONCE = 64
"""Requests that are sent before the loop gets its turn, in which answers are read."""
BATCH = "batch"


class Post(NamedTuple):
    """A request as bytes; of a `kind` "batch" the outcome of each item is looked at."""

    content: bytes
    kind: str


class OpenLoop:
    """One load; `points` has every request that has come to its end."""

    def __init__(
        self,
        address: Address,
        *,
        connections: int,
        timeout_s: float,
        first: int = FIRST,
        most_waiting: int = 0,
    ) -> None:
        """`first` connections are open before the first request; `most_waiting` requests wait for one at most."""
        self.points: list[Point] = []
        self.start_s = 0.0
        """In seconds of `perf_counter`, once the load begins."""
        self._address = address
        self._tls = address.tls()
        self._bound = connections
        self._timeout_s = timeout_s
        self._first = min(first, connections)
        self._most_waiting = most_waiting
        self._waiting: deque[_Exchange] = deque()
        self._next_s = inf
        self._free: deque[Channel] = deque()
        self._open: set[Channel] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._begun: deque[_Exchange] = deque()  # by their moments, and so by their time-outs
        self._unanswered = 0
        self._alarm = Alarm(self._rang)
        self._all_lost = asyncio.Event()

    async def offer(self, moments: Iterable[float], posts: Iterator[Post], started: asyncio.Event) -> None:
        """Send a load, and wait until each of its requests has ended; `started` is set when it begins.

        Raises ServiceAbsent where nobody listens at the beginning.
        """
        self._moments, self._posts = iter(moments), posts
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await self._open_first()
            with self._alarm:
                self.start_s = perf_counter()
                started.set()
                self._advance()
                self._rang()
                await (
                    self._end
                )  # an alarm rings for every moment and every time-out, and the last of them ends it
        finally:
            await self._close()

    def stop(self) -> None:
        """Send no more; `offer` ends once each request that was sent has."""
        self._moments = iter(())
        self._next_s = inf
        self._end_if_done()

    async def _open_first(self) -> None:
        try:
            for _ in range(self._first):
                self._free.append(await self._connect())
        except OSError as error:
            raise ServiceAbsent(f"{self._address.url}: found nobody who listens ({error})") from error

    def _rang(self) -> None:
        """Take a turn; what goes wrong in it ends the load, for nobody else would hear of it."""
        try:
            next_s = self._turn()
        except Exception as error:
            if not self._end.done():
                self._end.set_exception(error)
        else:
            if next_s < inf:
                self._alarm.set(next_s)
            elif not self._end.done():
                self._end.set_result(None)

    def _turn(self) -> float:
        """Send what is due, end what took too long, and return the moment at which something comes next."""
        for _ in range(AT_ONCE):
            now_s = perf_counter()
            if self._next_s > now_s:
                break
            self._begin(_Exchange(self, next(self._posts), self._next_s, now_s))
            self._advance()
        begun = self._begun
        while begun and (begun[0].has_ended or begun[0].intended_s + self._timeout_s <= perf_counter()):
            begun.popleft().give_up()
        return min(self._next_s, begun[0].intended_s + self._timeout_s if begun else inf)

    def _advance(self) -> None:
        moment_s = next(self._moments, None)
        self._next_s = inf if moment_s is None else self.start_s + moment_s

    def _begin(self, exchange: "_Exchange") -> None:
        self._begun.append(exchange)
        self._unanswered += 1
        if self._free:
            exchange.go_over(self._free.popleft())
        elif len(self._open) < self._bound:
            self._open_for(exchange)
        elif len(self._waiting) < self._most_waiting:
            self._waiting.append(exchange)
        else:
            exchange.failed(UNSENT)

    def _open_for(self, exchange: "_Exchange") -> None:
        task = asyncio.get_running_loop().create_task(self._send_over_another(exchange))
        exchange.opening = task
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _next_waiting(self) -> "_Exchange | None":
        """The one that has waited longest for a connection and was not given up."""
        while self._waiting:
            if not (exchange := self._waiting.popleft()).has_ended:
                return exchange
        return None

    async def _send_over_another(self, exchange: "_Exchange") -> None:
        try:
            connection = await self._connect()
        except OSError:
            exchange.failed(UNCONNECTED)
        else:
            exchange.go_over(connection)

    async def _connect(self) -> Channel:
        connection = Channel(self._freed, self._lost)
        self._open.add(connection)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: connection, self._address.host, self._address.port, ssl=self._tls
            )
        except BaseException:
            self._open.discard(connection)
            raise
        return connection

    def ended(self, point: Point) -> None:
        """Note that a request has ended."""
        self.points.append(point)
        self._unanswered -= 1
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._next_s == inf and not self._unanswered and not self._end.done():
            self._end.set_result(None)

    def _freed(self, connection: Channel) -> None:
        if (exchange := self._next_waiting()) is not None:
            exchange.go_over(connection)
        else:
            self._free.append(connection)

    def _lost(self, connection: Channel) -> None:
        self._open.discard(connection)
        if connection in self._free:
            self._free.remove(connection)
        if not self._end.done() and (exchange := self._next_waiting()) is not None:
            self._open_for(exchange)
        if not self._open:
            self._all_lost.set()

    async def _close(self) -> None:
        """End whatever is still there, and wait until it is gone."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        self._all_lost.clear()
        for connection in list(self._open):
            connection.abort()
        if self._open:
            await self._all_lost.wait()


class _Exchange:
    """One request, from its moment to its end."""

    __slots__ = (
        "_connection",
        "_load",
        "_post",
        "_sent_s",
        "_turned_s",
        "has_ended",
        "intended_s",
        "opening",
    )

    def __init__(self, load: OpenLoop, post: Post, intended_s: float, now_s: float) -> None:
        self._load, self._post = load, post
        self.intended_s = intended_s
        self._turned_s = now_s
        self.has_ended = False
        self.opening: asyncio.Task[None] | None = None
        self._connection: Channel | None = None
        self._sent_s: float | None = None

    def go_over(self, connection: Channel) -> None:
        """Be carried by a connection."""
        self._connection = connection
        self._sent_s = perf_counter()
        connection.carry(self._post.content, self)

    def answered(self, reply: Reply) -> None:
        """An answer came."""
        if self._post.kind == BATCH:
            self._end(of_batch(reply.status, reply.body), reply)
        else:
            self._end(of_status(reply.status), reply)

    def failed(self, outcome: str) -> None:
        """None will come."""
        self._end(outcome, None)

    def give_up(self) -> None:
        """Wait no longer; nothing happens where it has ended."""
        if self.has_ended:
            return
        is_waiting = self._connection is None and self.opening is None
        self.failed(UNSENT if is_waiting else TIMED_OUT)
        if self._connection is not None:
            self._connection.abort()
        elif self.opening is not None:
            self.opening.cancel()

    def _end(self, outcome: str, reply: Reply | None) -> None:
        if self.has_ended:
            return
        self.has_ended = True
        start_s = self._load.start_s
        self._load.ended(
            Point(
                intended_s=self.intended_s - start_s,
                turned_s=self._turned_s - start_s,
                done_s=perf_counter() - start_s,
                outcome=outcome,
                status=reply.status if reply else 0,
                kind=self._post.kind,
                version=reply.version if reply else None,
                stages_ms=reply.stages_ms if reply else None,
                sent_s=None if self._sent_s is None else self._sent_s - start_s,
            )
        )
