"""A small HTTP server in a thread of its own, whose answers and delays a test chooses; it speaks to any client."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from loadtest.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOUND_S = 20.0
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{"version": "1"}'
NONE = b""
"""An answer that never comes."""
HANG_UP = b"hang up"


class Heard(NamedTuple):
    """A request: its number, from 0, its head, its body."""

    number: int
    head: str
    body: bytes


class Said(NamedTuple):
    """What to answer, after how long."""

    content: bytes = OK
    after_s: float = 0.0


class _Site:
    """Lives in its thread's loop."""

    def __init__(self, answer: Callable[[Heard], Said]) -> None:
        self.heard: list[Heard] = []
        self._answer = answer
        self._numbers = count()
        self._handling: dict[asyncio.StreamWriter, asyncio.Task[None]] = {}

    async def start(self) -> int:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1000)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Listen no more, and end every connection, also with those who read nothing of what waits for them."""
        while accepting := asyncio.all_tasks() - {asyncio.current_task(), *self._handling.values()}:
            await asyncio.wait(
                accepting
            )  # A server that is closed, or a task that is cancelled, closes no socket of theirs.
        self._server.close()
        for task in self._handling.values():
            task.cancel()
        await asyncio.gather(*self._handling.values(), return_exceptions=True)
        for writer in self._handling:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._handling), return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task that is cancelled before its first step does nothing, so that it could not close what it was given.
        self._handling[writer] = asyncio.create_task(self._handle(reader, writer))

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._say(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        heard = await _read(reader, next(self._numbers))
        self.heard.append(heard)
        said = self._answer(heard)
        await asyncio.sleep(said.after_s)
        if said.content != HANG_UP:
            writer.write(said.content)
        return said.content != HANG_UP


@contextmanager
def serving(answer: Callable[[Heard], Said]) -> Iterator[tuple[Address, list[Heard]]]:
    """Answer for the length of a `with`; yields where, and what was heard."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    site = _Site(answer)
    try:
        port = asyncio.run_coroutine_threadsafe(site.start(), loop).result(BOUND_S)
        yield Address("http", "127.0.0.1", port, ""), site.heard
    finally:
        asyncio.run_coroutine_threadsafe(site.stop(), loop).result(BOUND_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(BOUND_S)
        loop.close()


async def _read(reader: asyncio.StreamReader, number: int) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lengths = [line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length:")]
    return Heard(number, head, await reader.readexactly(int(lengths[0]) if lengths else 0))
