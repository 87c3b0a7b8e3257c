"""The sockets to listen on, and how they end; where there can be none, a ConfigError says which setting is at fault."""

import ctypes
import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress

from polyparse.errors import ConfigError

Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
"""Of a socket, as Python's standard library has it."""
REFUSALS: Mapping[int, str] = {
    errno.EADDRINUSE: "--{of}port: found port {port} of {host} in use, expected a free one (0 takes any)",
    errno.EACCES: "--{of}port: found port {port}, which this user may not listen on, expected one from 1024 to 65535",
    errno.EADDRNOTAVAIL: "--{of}host: found {host!r}, which is no address of this machine, expected one of its own",
    errno.EINVAL: "--{of}host: found {host!r}, expected an address with its interface, such as fe80::1%eth0",
    errno.EAFNOSUPPORT: "--{of}host: found {host!r}, of a kind that this machine lacks, expected an address of its own",
}
"""What the operating system refuses -> what to change."""
SO_ATTACH_FILTER = 26
"""Linux (asm-generic/socket.h); Python has no name for it."""
PASS_ALL = 0xFFFFFFFF
NO_NEW_CONNECTION = (
    (
        0x30,
        0,
        0,
        13,
    ),  # A = the flags of the TCP header (RFC 9293, 3.1), which a filter sees from its first byte
    (0x54, 0, 0, 0x12),  # A &= SYN | ACK
    (0x15, 0, 1, 0x02),  # A == SYN: it begins a connection, and
    (0x06, 0, 0, 0),  # no byte of it passes;
    (0x06, 0, 0, PASS_ALL),  # the last packet of a handshake that was begun before does
)
"""A program of the Berkeley Packet Filter: operation, jump if true, jump if false, operand (linux/filter.h)."""
HANDSHAKE_S = 0.2
"""Time in which handshakes that were begun come to their end: a round trip, and what a busy system lets packets wait."""
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Refusals that do not matter as long as a name has another address: localhost is ::1 too where IPv6 is off."""


def bound(host: str, port: int, *, of: str = "") -> list[socket.socket]:
    """Bind a socket to each address of the host; they do not listen yet. `of` is what the flags begin with: "admin-".

    Raises:
        ConfigError: an address cannot be bound, or the host has none on this machine.
    """
    refusals: list[OSError] = []
    with ExitStack() as opened:
        sockets = []
        for family, address in _addresses(host, port, of):
            try:
                sockets.append(opened.enter_context(_bound(family, address)))
            except OSError as error:
                if error.errno not in ABSENT:
                    raise _refused(host, port, error, of) from error
                refusals.append(error)
        if not sockets:
            raise _refused(host, port, refusals[0], of) from refusals[0]
        opened.pop_all()
    return sockets


def refuse_new(listeners: Iterable[socket.socket]) -> None:
    """Let no new connection be begun, while those that were begun can still be made and taken, for HANDSHAKE_S or so.

    A filter that lets no SYN through (socket(7), SO_ATTACH_FILTER): a caller then tries again, and finds the port closed.
    Were the socket closed at once, those that stand in its queue would be reset, and so would be callers whose side of the
    handshake is done and ours is not. Where there are no such filters, nothing is done.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in NO_NEW_CONNECTION))
    filter_ = struct.pack("HP", len(NO_NEW_CONNECTION), ctypes.addressof(program))
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, filter_)


def accepted(listeners: Iterable[socket.socket]) -> Iterator[socket.socket]:
    """Take the connections that stand in the queues of these sockets now."""
    for listener in listeners:
        with socket.socket(fileno=os.dup(listener.fileno())) as queue, suppress(OSError):
            queue.settimeout(0)
            while True:
                with suppress(ConnectionAbortedError):  # Who has gone already; others may stand behind.
                    connection, _ = queue.accept()
                    connection.settimeout(0)
                    yield connection


def _addresses(host: str, port: int, of: str) -> list[tuple[socket.AddressFamily, Address]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"--{of}host: found {host!r} ({reason}), expected a name or address") from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bound(family: socket.AddressFamily, address: Address) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _refused(host: str, port: int, error: OSError, of: str) -> ConfigError:
    unforeseen = f"--{of}port: found port {{port}} of {{host}} ({error.strerror}), expected one to listen on"
    return ConfigError(REFUSALS.get(error.errno or 0, unforeseen).format(host=host, port=port, of=of))
