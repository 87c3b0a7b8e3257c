"""The admin port: a second uvicorn in the same event loop, its connections bounded as those of the one that serves.

It ends with that one, and nobody waits for it.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from service.http.protocol import HttpProtocol
from service.http.sweeper import Sweeper
from service.http.wire import Wire
from service.settings import Settings
from service.sockets import bound

END_S = 2.0
"""Time to close connections at the end."""

logger = logging.getLogger(__name__)


class AdminServer(uvicorn.Server):
    """Leaves signals to the server of requests."""

    def __init__(self, asgi: ASGIApp, settings: Settings, port: int, wire: Wire) -> None:
        super().__init__(
            uvicorn.Config(
                asgi,
                host=settings.admin_host,
                port=port,
                loop="none",
                http=partial(HttpProtocol, wire=wire),  # type: ignore[arg-type]  # all that uvicorn does is to call it
                ws="none",
                lifespan="off",
                access_log=False,
                proxy_headers=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.listens = asyncio.Event()
        self._is_open = settings.admin_token_file is None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say where; a ConfigError says why that is not possible."""
        sockets = sockets or bound(self.config.host, self.config.port, of="admin-")
        await super().startup(sockets)
        self._sweeper = Sweeper(self._connections)
        host, port = sockets[0].getsockname()[:2]
        where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if self._is_open:
            logger.warning(
                "admin API on %s: whoever reaches it may change which version serves; --admin-token-file asks for a token",
                where,
            )
        else:
            logger.info("admin API on %s, for those with a token", where)
        self.listens.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more, and end all connections."""
        self._sweeper.stop()
        await super().shutdown(sockets)
        for connection in self._connections():
            connection.abort()

    def _connections(self) -> list[HttpProtocol]:
        return cast("list[HttpProtocol]", list(self.server_state.connections))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none: the last one who takes a signal is the only one to hear it."""
        yield


@asynccontextmanager
async def administered(
    asgi: ASGIApp | None, settings: Settings, wire: Wire
) -> AsyncIterator[AdminServer | None]:
    """Serve the admin API on its port for the length of the `with`, where there is one."""
    if asgi is None or settings.admin_port is None:
        yield None
        return
    server = AdminServer(asgi, settings, settings.admin_port, wire)
    task = asyncio.create_task(server.serve())
    try:
        await _until_listens(server, task)
        yield server
    finally:
        server.should_exit = server.force_exit = True
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await asyncio.wait([task])
        task.cancel()


async def _until_listens(server: AdminServer, task: "asyncio.Task[None]") -> None:
    """Wait until it listens; raises why it does not."""
    listens = asyncio.create_task(server.listens.wait())
    await asyncio.wait([task, listens], return_when=asyncio.FIRST_COMPLETED)
    listens.cancel()
    if task.done():
        await task
