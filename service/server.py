"""uvicorn with one worker; a signal to end starts a drain, and the process exits with 0."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from service.settings import Settings
from service.sockets import bound

KEEP_ALIVE_S = 75
"""Longer than the idle time of common load balancers, so that they close idle connections, not this server."""


class Server(uvicorn.Server):
    """Ends on SIGTERM or SIGINT: not ready, no new connection, and what is in flight is finished."""

    def __init__(self, asgi: ASGIApp, settings: Settings, *, on_exit: Callable[[], None]) -> None:
        """`on_exit` is called at the signal, so that what tells whether the process is ready says no from then on."""
        super().__init__(
            uvicorn.Config(
                asgi,
                host=settings.host,
                port=settings.port,
                loop="none",
                http="httptools",
                ws="none",
                lifespan="off",
                access_log=False,
                proxy_headers=False,  # nothing here asks who the client is
                log_config=None,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=settings.drain_timeout_s,
            )
        )
        self._on_exit = on_exit

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; a ConfigError says why that is not possible. uvicorn would log it and exit by itself."""
        sockets = sockets or bound(self.config.host, self.config.port)
        await super().startup(sockets)
        self._log_started_message(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; a second SIGINT does not wait. uvicorn would raise the signal again in the end: we exit 0."""
        self._on_exit()
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
