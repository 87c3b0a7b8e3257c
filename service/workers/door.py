"""The door: accepts connections and shares them out. While nobody takes any, they wait in the system's own queue."""

import errno
import logging
import socket
from collections import deque
from collections.abc import Iterable, Sequence

from service.sockets import accepted, refuse_new, take_packets
from service.workers.policy import choose
from service.workers.seat import Seat

BACKLOG = 2048
BURST = 64
"""Connections that are accepted in one turn at most, so that what else there is to do comes in between."""
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

logger = logging.getLogger(__name__)


class Door:
    """The sockets to listen on, and the connections that nobody has been given yet."""

    def __init__(self, listeners: Sequence[socket.socket], seats: Sequence[Seat]) -> None:
        self._listeners = listeners
        self._seats = seats
        self._waiting: deque[socket.socket] = deque()
        self._turn = 0
        self._is_listening = self._is_pausing = False
        self.is_refusing = False
        """Whether only connections that were begun still come."""

    def open(self) -> None:
        """Listen from now on."""
        for listener in self._listeners:
            listener.settimeout(0)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # Connections inherit it.
            listener.listen(BACKLOG)
        self._is_listening = True

    @property
    def takes(self) -> bool:
        """Whether connections are accepted now: not while no worker takes one."""
        is_open = self._is_listening and not self._is_pausing
        return is_open and any(seat.standing.takes for seat in self._seats)

    @property
    def open_listeners(self) -> Sequence[socket.socket]:
        """Those to accept from."""
        return self._listeners if self.takes else ()

    def accept(self, listener: socket.socket) -> None:
        """Accept what has come, and share it out."""
        for _ in range(BURST):
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if error.errno in NO_ROOM:
                    self._is_pausing = True
                    logger.warning("no connection accepted: %s", error)
                return
            if self.is_refusing:
                take_packets(connection)
            self.share([connection])
            if self._waiting:
                return

    def resume(self) -> None:
        """Accept again, where the system had no room for a connection a while ago."""
        self._is_pausing = False

    def share(self, connections: Iterable[socket.socket] = ()) -> None:
        """Give these, and those that still wait, to the workers; what nobody takes waits on."""
        self._waiting.extend(connections)
        while self._waiting:
            position = choose([seat.standing for seat in self._seats])
            if position is None:
                return
            connection = self._waiting[0]
            self._turn += 1
            self._seats[position].give(connection, self._turn)
            if connection.fileno() < 0:  # It was given, and is closed here.
                self._waiting.popleft()

    def refuse_new(self) -> None:
        """Let no connection be begun any more; those that were begun still come."""
        refuse_new(self._listeners)
        self.is_refusing = True

    def accept_all(self) -> None:
        """Accept all that the system has, whoever takes it, and share it out."""
        self.share(accepted(self._listeners if self._is_listening else ()))

    @property
    def is_awaited(self) -> bool:
        """Whether somebody still waits for a worker."""
        return bool(self._waiting)

    def close(self) -> None:
        """Listen no more, and hang up on who still waits."""
        self._is_listening = False
        for each in (*self._listeners, *self._waiting):
            each.close()
        self._waiting.clear()
