"""A server in this event loop, and connections to it that write whatever bytes they are told to."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from service.admission import AdmissionControl
from service.app import running
from service.http.body_room import BodyRoom
from service.server import Server
from service.settings import Settings
from tests.service.fakes import BOUND_S, FakeLoader, FakeParser, FakeSource, until

LIVE = b"GET /health/live HTTP/1.1\r\nhost: s\r\n\r\n"


class Peer(NamedTuple):
    """One of our connections to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> "Answer":
        """The next answer."""
        async with asyncio.timeout(BOUND_S):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            body = await self.reader.readexactly(length)
        return Answer(int(head.split(" ")[1]), head, json.loads(body))

    async def rest(self) -> bytes:
        """All that comes until the server closes; raises ConnectionResetError where it resets."""
        async with asyncio.timeout(BOUND_S):
            return await self.reader.read()


class Answer(NamedTuple):
    """An answer of the server."""

    status: int
    head: str
    body: dict[str, object]


class Served(NamedTuple):
    """A server in this event loop."""

    server: Server
    parser: FakeParser
    admission: AdmissionControl
    bodies: BodyRoom
    peers: list[Peer]

    async def connect(self) -> Peer:
        """Connect, until the end of the test."""
        port = self.server.servers[0].sockets[0].getsockname()[1]
        peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
        self.peers.append(peer)
        return peer

    @property
    def connections(self) -> int:
        """How many connections it holds."""
        return len(self.server.server_state.connections)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Refuse all requests by their heads, as if the service were full, for the length of a `with`."""
        line = self.admission.light
        rate, line.tokens_per_s = line.tokens_per_s, 1.0
        line.inside += 1_000_000
        yield
        line.inside -= 1_000_000
        line.tokens_per_s = rate

    async def ends_empty(self) -> None:
        """All connections go, and nothing is left of them."""
        for peer in self.peers:
            peer.writer.transport.abort()
        await until(lambda: not self.server.server_state.connections and not self.server.server_state.tasks)
        assert self.admission.inside == self.bodies.held == 0


@asynccontextmanager
async def served(**fields: object) -> AsyncIterator[Served]:
    settings = Settings(port=0, **fields)  # type: ignore[arg-type]
    parser = FakeParser()
    async with running(settings, FakeSource(), loader=FakeLoader(parser), threads=1) as service:
        server = Server(service.asgi, settings, service.wire, service.lifetime)
        serving = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        served_ = Served(server, parser, service.admission, service.wire.bodies, [])
        try:
            yield served_
        finally:
            for peer in served_.peers:
                peer.writer.transport.abort()
            server.should_exit = server.force_exit = True
            await serving


def post(body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST /parse HTTP/1.1", b"host: s", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


def text(words: str) -> bytes:
    return json.dumps({"text": words}).encode()


def head_of(size: int) -> bytes:
    """A whole head of so many bytes."""
    start, end = b"GET /health/live HTTP/1.1\r\nhost: s\r\nx-long: ", b"\r\n\r\n"
    return start + b"a" * (size - len(start) - len(end)) + end


async def write_for_ever(peer: Peer, part: bytes) -> None:
    """Write as much as is taken."""
    while True:
        peer.writer.write(part)
        async with asyncio.timeout(BOUND_S):
            await peer.writer.drain()
