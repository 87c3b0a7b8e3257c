"""A tiny HTTP server that answers by a script: each request's body says what comes back, and in which pieces."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

Script = Callable[[bytes], Sequence[bytes]]
"""Body of a request -> the pieces of bytes to send; none at all hangs up."""


def answer(status: int, body: bytes) -> bytes:
    """A response as uvicorn would write it."""
    head = f"HTTP/1.1 {status} Some\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve for the length of a `with`; gives the port and, growing, the bodies that came."""
    came: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while body := await _body(reader):
                came.append(body)
                pieces = script(body)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                if not pieces:
                    break
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()


async def _body(reader: asyncio.StreamReader) -> bytes:
    """The body of the next request, or nothing once the client has hung up."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    assert head.startswith(b"POST /parse HTTP/1.1\r\n")
    (length,) = (line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return await reader.readexactly(int(length))
