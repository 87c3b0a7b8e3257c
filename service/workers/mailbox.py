"""How connections come to a worker: a pair of sockets, into which the supervisor puts them and out of which it takes them.

The supervisor holds both ends. So it can take back what the worker has not taken: no connection is lost in the mailbox of a
worker that hangs or has died. Each message is received once, by one of them.
"""

import socket
import struct
from collections.abc import Iterator

SERVING, DRAINING = b"serving", b"draining"
"""What a worker says of itself."""
CONNECTION = b"c"
LONGEST = 16
DESCRIPTOR = struct.Struct("i")
DESCRIPTOR_SPACE = socket.CMSG_SPACE(DESCRIPTOR.size)


class Mailbox:
    """The supervisor's: it gives connections, takes them back, and hears what the worker says. Nothing here waits."""

    def __init__(self) -> None:
        self._giving, self._taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._giving.settimeout(0)
        self._taking.settimeout(0)

    def fileno(self) -> int:
        """Readable when the worker has said something, writable when there is room."""
        return self._giving.fileno()

    @property
    def worker_end(self) -> socket.socket:
        """The end that the worker gets."""
        return self._taking

    def give(self, connection: socket.socket) -> bool:
        """Put a connection in and close it here; False where there is no room for it."""
        try:
            socket.send_fds(self._giving, [CONNECTION], [connection.fileno()])
        except OSError:  # Full; or too many descriptors are under way, which the system bounds too.
            return False
        connection.close()
        return True

    def take_back(self) -> list[socket.socket]:
        """What the worker has not taken, in the order in which it was given."""
        return [
            socket.socket(fileno=descriptor) for descriptor in iter(lambda: _received(self._taking), None)
        ]

    def words(self) -> Iterator[bytes]:
        """What the worker has said and was not heard yet."""
        while True:
            try:
                word = self._giving.recv(LONGEST)
            except BlockingIOError:
                return
            yield word

    def close(self) -> None:
        """Close both ends."""
        self._giving.close()
        self._taking.close()


class Inbox:
    """The worker's end."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.settimeout(0)

    def fileno(self) -> int:
        """Readable when there is a connection, or no supervisor any more."""
        return self._socket.fileno()

    def take(self) -> int | None:
        """The descriptor of a connection, None where there is none now; EOFError when the supervisor is gone."""
        return _received(self._socket)

    def close(self) -> None:
        """Take no more, for good."""
        self._socket.close()

    def say(self, word: bytes) -> None:
        """Tell the supervisor; one that is gone is told nothing."""
        try:
            self._socket.send(word)
        except OSError:
            return


def _received(end: socket.socket) -> int | None:
    while True:
        try:
            word, attached, _, _ = end.recvmsg(LONGEST, DESCRIPTOR_SPACE, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return None
        except (
            ConnectionResetError
        ):  # Once, where the other side has not read all before it closed; then comes what it sent.
            continue
        for _, _, content in attached:
            (descriptor,) = DESCRIPTOR.unpack(content)
            return int(descriptor)
        if not word:
            raise EOFError
        # A connection that this process had no descriptor left for: the system has closed it.
