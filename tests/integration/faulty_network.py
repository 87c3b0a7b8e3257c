"""A proxy before a server, on a port of its own, whose way may be cut, slow or silent."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 4096


class Network:
    """What happens to bytes; set at any time, and seen by connections that are open."""

    def __init__(self, target: int, listener: socket.socket) -> None:
        self._target, self._listener = target, listener
        self.port: int = listener.getsockname()[1]
        self.is_cut = False
        """Connections are closed as soon as they are made, and those that are open with the next byte."""
        self.pause_s = 0.0
        """After each piece of an answer: slow."""
        self.passed = 0
        """Bytes of answers."""
        self.moved = threading.Condition()

    def wait_for(self, passed: int, timeout_s: float) -> bool:
        """Whether so many bytes of answers passed within a time."""
        with self.moved:
            return self.moved.wait_for(lambda: self.passed >= passed, timeout_s)

    def accept(self) -> None:
        """Take connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            if self.is_cut:
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                up = threading.Thread(target=self._pass, args=(client, server, False), daemon=True)
                up.start()
                self._pass(server, client, True)

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while (piece := source.recv(PIECE)) and not self.is_cut:
                target.sendall(piece)
                if is_answer:
                    with self.moved:
                        self.passed += len(piece)
                        self.moved.notify_all()
                    time.sleep(self.pause_s)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def network(target: int) -> Iterator[Network]:
    """A sound one at first, for the length of a `with`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Network(target, listener)
        threading.Thread(target=made.accept, daemon=True).start()
        yield made
        made.is_cut = True
