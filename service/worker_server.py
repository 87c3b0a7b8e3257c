"""uvicorn in a worker: its connections come from the supervisor, all else is as in a single process."""

import asyncio
import signal
import socket
from typing import Any

from starlette.types import ASGIApp

from service.http.wire import Wire
from service.lifetime import Lifetime
from service.server import Server
from service.settings import Settings
from service.workers.mailbox import DRAINING, SERVING, Inbox
from service.workers.place import Place
from service.workers.tally import Tally, open_tally

END_S = 5.0
"""Time for connections under way, and for the supervisor to say that there will be no more."""
BURST = 64
"""Connections that are taken in one turn of the event loop at most."""


class OpenConnections(set[Any]):
    """uvicorn's set of protocols whose connection is open; the supervisor hears of each that closes."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def discard(self, protocol: object) -> None:
        """A connection is closed."""
        if protocol in self:
            super().discard(protocol)
            self._tally.count_closed()


class WorkerServer(Server):
    """Listens to nobody but its supervisor."""

    def __init__(
        self, asgi: ASGIApp, settings: Settings, wire: Wire, lifetime: Lifetime, *, place: Place
    ) -> None:
        super().__init__(asgi, settings, wire, lifetime)
        self._lame_duck_s += END_S  # The supervisor ends it, once nobody comes any more.
        self._inbox = Inbox(place.mailbox)
        self._tally = open_tally(place.folder, place.number)
        self._connecting: set[asyncio.Task[None]] = set()
        self.server_state.connections = OpenConnections(self._tally)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections from now on."""
        await super().startup([] if sockets is None else sockets)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inbox.fileno(), self._take)
        self._inbox.say(SERVING)

    async def on_tick(self, counter: int) -> bool:
        """uvicorn's own, ten times a second: a sign of life."""
        self._tally.beat()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and drain as a single process does."""
        self._loop.remove_reader(self._inbox.fileno())
        self._inbox.say(DRAINING)
        if self._connecting:
            await asyncio.wait(self._connecting, timeout=END_S)
        await super().shutdown(sockets)

    def _take(self) -> None:
        for _ in range(BURST):
            try:
                descriptor = self._inbox.take()
            except EOFError:  # The supervisor gives no more: it ends, or is gone.
                self._loop.remove_reader(self._inbox.fileno())
                if not self._wire.is_ending:
                    self.handle_exit(signal.SIGTERM, None)
                self.should_exit = True
                return
            if descriptor is None:
                return
            self._tally.count_received()
            task = self._loop.create_task(self._connect(socket.socket(fileno=descriptor)))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self.protocol, connection)
        except OSError:  # The caller has gone already.
            connection.close()
            self._tally.count_closed()
