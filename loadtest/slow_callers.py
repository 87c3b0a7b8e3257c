"""Callers who are no use to anybody: they are silent, trickle, never read, or leave. Each begins anew when it is thrown out.

How each connection ended is counted: by an answer's status, "closed" by the service, "refused" where none could be made,
"held" where it was still there in the end.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from loadtest.address import Address
from loadtest.mix import http_post
from loadtest.scenario import SlowCallers, SlowKind

CLOSED, REFUSED, HELD, LEFT = "closed", "refused", "held", "left"
FLOOD = 200
"""Requests that a caller sends who reads nothing: enough to fill every buffer between the two."""
HEAD_END = b"\r\n\r\n"

Ends = Counter[tuple[str, str]]
"""(kind, how it ended) -> connections."""


class SlowConnection:
    """One connection of a slow caller."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes, pause_s: float
    ) -> None:
        self.reader, self.writer = reader, writer
        self.content, self.pause_s = content, pause_s

    async def trickle(self, data: bytes, at_once: bytes = b"") -> str:
        """Send byte by byte, and then what is sent at once; returns how the connection ended."""
        for byte in data:
            self.writer.write(bytes([byte]))
            await self.writer.drain()
            if (said := await self.heard(self.pause_s)) is not None:
                return said
        self.writer.write(at_once)
        return await self.ending()

    async def heard(self, wait_s: float) -> str | None:
        """What came within a time: an answer's status, or CLOSED; None for nothing."""
        try:
            async with asyncio.timeout(wait_s):
                line = await self.reader.readline()
        except TimeoutError:
            return None
        parts = line.split()
        return parts[1].decode("latin-1") if len(parts) > 1 else CLOSED

    async def ending(self) -> str:
        """Wait until the service says or does something."""
        while (said := await self.heard(self.pause_s)) is None:
            pass
        return said


async def idle(caller: SlowConnection) -> str:
    """Say nothing."""
    return await caller.ending()


async def slow_head(caller: SlowConnection) -> str:
    """Send a head byte by byte."""
    head, _, body = caller.content.partition(HEAD_END)
    return await caller.trickle(head + HEAD_END, at_once=body)


async def slow_body(caller: SlowConnection) -> str:
    """Send a head at once, and its body byte by byte."""
    head, _, body = caller.content.partition(HEAD_END)
    caller.writer.write(head + HEAD_END)
    return await caller.trickle(body)


async def deaf(caller: SlowConnection) -> str:
    """Send many requests, and read no answer."""
    caller.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport is one that reads
    caller.writer.write(caller.content * FLOOD)
    await caller.writer.wait_closed()
    return CLOSED


async def leaver(caller: SlowConnection) -> str:
    """Ask, and be gone before the answer."""
    caller.writer.write(caller.content)
    await asyncio.sleep(caller.pause_s / 10)
    caller.writer.transport.abort()
    return LEFT


BEHAVIOURS: Mapping[SlowKind, Callable[[SlowConnection], Awaitable[str]]] = {
    "idle": idle,
    "slow_head": slow_head,
    "slow_body": slow_body,
    "deaf": deaf,
    "leaver": leaver,
}


@asynccontextmanager
async def present(address: Address, crowds: Sequence[SlowCallers]) -> AsyncIterator[Ends]:
    """Have all of them there for the length of a `with`; yields how their connections ended, as they do."""
    ends: Ends = Counter()
    content = http_post(address, "/parse", {"text": "wake me up at seven tomorrow"})
    tasks = [
        asyncio.create_task(_again_and_again(address, crowd, content, ends))
        for crowd in crowds
        for _ in range(crowd.count)
    ]
    try:
        yield ends
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(address: Address, crowd: SlowCallers, content: bytes, ends: Ends) -> None:
    while True:
        ended = await _once(address, crowd, content, ends)
        ends[crowd.kind, ended] += 1
        await asyncio.sleep(crowd.pause_s)


async def _once(address: Address, crowd: SlowCallers, content: bytes, ends: Ends) -> str:
    try:
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.tls())
    except OSError:
        return REFUSED
    try:
        return await BEHAVIOURS[crowd.kind](SlowConnection(reader, writer, content, crowd.pause_s))
    except OSError:
        return CLOSED
    except asyncio.CancelledError:
        ends[crowd.kind, HELD] += 1
        raise
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
