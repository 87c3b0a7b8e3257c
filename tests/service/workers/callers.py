"""Connections of callers to a listener of the tests, and what is said over them."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND_S = 20.0


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that is bound, and does not listen yet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@contextmanager
def connected(listener: socket.socket, number: int) -> Iterator[list[socket.socket]]:
    """So many connections, which nobody has accepted yet."""
    with ExitStack() as stack:
        address = listener.getsockname()
        yield [stack.enter_context(socket.create_connection(address, BOUND_S)) for _ in range(number)]


@contextmanager
def accepted(number: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """(the caller's end, ours) of so many connections."""
    with listening() as listener, ExitStack() as stack:
        listener.listen(number)
        callers = stack.enter_context(connected(listener, number))
        yield [(caller, stack.enter_context(listener.accept()[0])) for caller in callers]
