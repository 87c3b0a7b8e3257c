"""What the server says of itself under load: /metrics and resident memory, every so often, over a connection of its own."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import NamedTuple, TypeVar

from benchmarks.client import HOST
from benchmarks.errors import MeasurementFailed
from benchmarks.resident import resident_mb
from benchmarks.responses import Cutter, Response

EVERY_S = 0.1
REQUEST = f"GET /metrics HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
INFO = re.compile(r"^polyparse_version_info\{(.*)\} 1(?:\.0)?$", re.MULTILINE)
LAG = re.compile(r"^polyparse_event_loop_lag_seconds (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
VERSION = re.compile(r'[{,]version="([^"]+)"')
CHUNK_BYTES = 65_536

ResultT = TypeVar("ResultT")


class Scrape(NamedTuple):
    """One look: `states` is what `polyparse_version_info` says, `versions` are those that any series names."""

    asked_s: float
    seen_s: float
    states: Mapping[str, str]
    versions: frozenset[str]
    lag_s: float
    rss_mb: float


class Watch:
    """The scrapes so far; what comes next may be waited for."""

    def __init__(self) -> None:
        self.scrapes: list[Scrape] = []
        self._fault: MeasurementFailed | None = None
        self._came = asyncio.Event()

    def add(self, scrape: Scrape) -> None:
        """Take one more."""
        self.scrapes.append(scrape)
        self._came.set()

    def fail(self, fault: MeasurementFailed) -> None:
        """Say why there are no more."""
        self._fault = fault
        self._came.set()

    async def until(
        self, found: Callable[[list[Scrape]], ResultT | None], *, timeout_s: float, what: str
    ) -> ResultT:
        """Wait until `found` finds something in the scrapes from now on, and return it.

        Raises:
            MeasurementFailed: it has not in time, or there are no more scrapes.
        """
        first = len(self.scrapes)
        try:
            async with asyncio.timeout(timeout_s):
                while (result := found(self.scrapes[first:])) is None:
                    if self._fault is not None:
                        raise self._fault
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            last = self.scrapes[-1] if self.scrapes else "no scrape"
            raise MeasurementFailed(f"found no {what} in {timeout_s:g} s, last {last}") from None
        return result


@asynccontextmanager
async def watching(port: int, pid: int) -> AsyncIterator[Watch]:
    """Scrape the server every EVERY_S for the length of a `with`."""
    watch = Watch()
    task = asyncio.create_task(_look_on(watch, port, pid))
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def read(asked_s: float, seen_s: float, text: str, rss_mb: float) -> Scrape:
    """A scrape from the text of /metrics; MeasurementFailed where the series are missing."""
    labels = [dict(LABEL.findall(found)) for found in INFO.findall(text)]
    lag = LAG.search(text)
    if not labels or lag is None:
        raise MeasurementFailed(
            f"/metrics: found {len(labels)} series of polyparse_version_info and {'one' if lag else 'none'} of "
            "polyparse_event_loop_lag_seconds, expected both"
        )
    states = {each["version"]: each["state"].lower() for each in labels}
    return Scrape(asked_s, seen_s, states, frozenset(VERSION.findall(text)), float(lag[1]), rss_mb)


async def _look_on(watch: Watch, port: int, pid: int) -> None:
    """Scrape until cancelled, or until something is wrong."""
    try:
        async with _connected(port) as (reader, writer):
            cutter = Cutter()
            while True:
                watch.add(scrape := await _scrape(reader, writer, cutter, pid))
                await asyncio.sleep(max(0.0, scrape.asked_s + EVERY_S - perf_counter()))
    except MeasurementFailed as error:
        watch.fail(error)
    except OSError as error:
        watch.fail(MeasurementFailed(f"/metrics: {error}"))


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _scrape(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cutter: Cutter, pid: int
) -> Scrape:
    asked_s = perf_counter()
    writer.write(REQUEST)
    responses: list[Response] = []
    while not responses:
        if not (data := await reader.read(CHUNK_BYTES)):
            raise MeasurementFailed("/metrics: the server hung up")
        responses = cutter.feed(data)
    seen_s = perf_counter()
    status, body = responses[0]
    if status != 200:
        raise MeasurementFailed(f"/metrics: found status {status}, expected 200")
    return read(asked_s, seen_s, body.decode(), resident_mb(pid))
