"""uvicorn with one worker: a signal to end starts a drain in which no request is lost, and the process exits with 0.

    signal -> lame duck: not ready, each answer is the last on its connection, new connections are taken still
           -> drain: no new connection; what is in flight or still comes on those that are open is answered
           -> the end: what is not answered by then is, with 503

SIGINT, which a person sends, does without the lame duck. A second signal, of either kind, leads to the end at once.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from types import FrameType
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from service.http.phase import Phase
from service.http.protocol import HttpProtocol
from service.http.sweeper import Sweeper
from service.http.wire import Wire
from service.lifetime import Lifetime
from service.settings import Settings
from service.sockets import HANDSHAKE_S, accepted, bound, refuse_new

QUIET_S = 1.0
"""Time in the drain without an answer after which no request is expected on connections that are open, nor a body's rest."""
LAST_S = 1.0
"""Time for the last answers to be read."""
LOOK_S = 0.02
QUIET_LOOKS, LAST_LOOKS, HANDSHAKE_LOOKS = (round(each / LOOK_S) for each in (QUIET_S, LAST_S, HANDSHAKE_S))
"""Looks are counted, not time: where the whole machine stood still, so did callers."""


class Server(uvicorn.Server):
    """Ends on SIGTERM or SIGINT."""

    def __init__(self, asgi: ASGIApp, settings: Settings, wire: Wire, lifetime: Lifetime) -> None:
        super().__init__(
            uvicorn.Config(
                asgi,
                host=settings.host,
                port=settings.port,
                loop="none",
                http=partial(HttpProtocol, wire=wire),  # type: ignore[arg-type]  # all that uvicorn does is to call it
                ws="none",
                lifespan="off",
                access_log=False,
                proxy_headers=False,  # nothing here asks who the client is
                log_config=None,
                server_header=False,
            )
        )
        self._wire = wire
        self._lifetime = lifetime
        self._lame_duck_s = settings.lame_duck_s
        self._drain_s = settings.drain_timeout_s
        self._ends_s = float("inf")

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; a ConfigError says why that is not possible. uvicorn would log it and exit by itself.

        Without sockets to listen on, connections come from elsewhere.
        """
        sockets = bound(self.config.host, self.config.port) if sockets is None else sockets
        await super().startup(sockets)
        self._sweeper = Sweeper(self._connections)
        if sockets:
            self._log_started_message(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; a second signal does not wait. uvicorn would raise the signal again in the end: we exit 0."""
        if self._wire.is_ending:
            self.force_exit = self.should_exit = True
            return
        self._wire.is_ending = True
        self._ends_s = time.monotonic() + (0 if sig == signal.SIGINT else self._lame_duck_s)
        for connection in self._connections():
            connection.shutdown()
        self._lifetime.begin()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to who has made the server: they are handled before it is there."""
        return nullcontext()

    async def on_tick(self, counter: int) -> bool:
        """Tell whether the drain begins; called ten times a second."""
        return await super().on_tick(counter) or time.monotonic() >= self._ends_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain. What stands in the queue of a listening socket was accepted by the system, and would be reset with it."""
        if not self._wire.is_ending:
            self.handle_exit(signal.SIGINT, None)
        with ExitStack() as opened:
            queues = [
                opened.enter_context(socket.socket(fileno=os.dup(listener.fileno())))
                for server in self.servers
                for listener in server.sockets
            ]
            for server in self.servers:
                server.close()  # The event loop accepts no more; what is listened on stays open in the queues.
            await self._take_the_last(queues)
        await self._answered(time.monotonic())
        await self._lifetime.give_up()
        await self._gone()
        self._sweeper.stop()

    async def _take_the_last(self, queues: Sequence[socket.socket]) -> None:
        """Accept what was begun; without time for it, at least what stands in the queues."""
        refuse_new(queues)
        loop = asyncio.get_running_loop()
        looks = HANDSHAKE_LOOKS if queues and not self.force_exit else 0
        for look in range(looks + 1):
            for connection in accepted(queues):
                await loop.connect_accepted_socket(self.protocol, connection)
            if look < looks:
                await asyncio.sleep(LOOK_S)

    async def _answered(self, begun_s: float) -> None:
        """Wait for the last answer on each connection, for as long as a drain may take.

        At the first look, those that the event loop has just accepted have their protocol too.
        """
        answered, quiet_looks = self.server_state.total_requests, 0
        await asyncio.sleep(LOOK_S)
        while any(connection.phase is not Phase.LAST for connection in self._connections()):
            if self.force_exit or time.monotonic() >= begun_s + self._drain_s:
                return
            quiet_looks += 1
            if answered != self.server_state.total_requests:
                answered, quiet_looks = self.server_state.total_requests, 0
            elif quiet_looks >= QUIET_LOOKS:
                for connection in self._connections():
                    connection.wait_no_more()
            await asyncio.sleep(LOOK_S)

    async def _gone(self) -> None:
        """Wait until the other sides have closed, then until all tasks have ended."""
        state, looks = self.server_state, 0
        while (state.connections or state.tasks) and looks < LAST_LOOKS:
            looks += 1
            await asyncio.sleep(LOOK_S)
        for connection in self._connections():
            connection.abort()
        for task in self.server_state.tasks:
            task.cancel()

    def protocol(self) -> asyncio.Protocol:
        """A protocol as uvicorn makes it for a connection that it accepts itself."""
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _connections(self) -> list[HttpProtocol]:
        return cast("list[HttpProtocol]", list(self.server_state.connections))
