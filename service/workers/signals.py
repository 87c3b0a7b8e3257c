"""Signals as something to select on, so that the supervisor's one wait ends by them too."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
LONGEST = 4096


class Signals:
    """Those that have come and were not taken yet."""

    def __init__(self, wakened: socket.socket) -> None:
        self._wakened = wakened

    def fileno(self) -> int:
        """Readable when one has come."""
        return self._wakened.fileno()

    def take(self) -> list[int]:
        """In the order in which they came; several SIGCHLD may be one."""
        try:
            return list(self._wakened.recv(LONGEST))
        except BlockingIOError:
            return []


@contextmanager
def caught() -> Iterator[Signals]:
    """Catch signals for the length of a `with`, in the main thread."""
    wakened, waking = socket.socketpair()
    wakened.settimeout(0)
    waking.settimeout(0)
    with wakened, waking:
        descriptor = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        before = {each: signal.signal(each, _noted) for each in CAUGHT}
        try:
            yield Signals(wakened)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(descriptor)


def _noted(_: int, __: FrameType | None) -> None:
    """Without a handler of Python's, a signal wakes nobody."""
