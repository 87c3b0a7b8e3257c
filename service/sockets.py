"""The sockets to listen on, and how they end; where there can be none, a ConfigError says which setting is at fault."""

import errno
import os
import socket
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
LEAST_TTL: Mapping[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 21),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 73),
}
"""Family -> level and option that bound the life of packets from below: IP_MINTTL, IPV6_MINHOPCOUNT (Linux, in.h, in6.h)."""
ANY_TTL, HIGHEST_TTL = 0, 255
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

    Of the packets that reach a listening socket itself, which are those that begin a connection, none passes any more: no
    system sends with so long a life. A caller then tries again, and finds the port closed. The last packet of a handshake
    belongs to what its first one has made, and passes. Were the socket closed at once, those that stand in its queue would
    be reset, and so would be callers whose side of the handshake is done and ours is not. It needs no right, as a filter
    does in containers. Where there is no such option, nothing is done.
    """
    for listener in listeners:
        _take_from(listener, HIGHEST_TTL)


def accepted(listeners: Iterable[socket.socket]) -> Iterator[socket.socket]:
    """Take the connections that stand in the queues of these sockets now."""
    for listener in listeners:
        with socket.socket(fileno=os.dup(listener.fileno())) as queue, suppress(OSError):
            queue.settimeout(0)
            while True:
                with suppress(ConnectionAbortedError):  # Who has gone already; others may stand behind.
                    connection, _ = queue.accept()
                    connection.settimeout(0)
                    take_packets(connection)
                    yield connection


def take_packets(connection: socket.socket) -> None:
    """Let a connection have its packets that was accepted after `refuse_new`: it has inherited what that has set."""
    _take_from(connection, ANY_TTL)


def _take_from(each: socket.socket, ttl: int) -> None:
    with suppress(OSError, KeyError):
        level, option = LEAST_TTL[each.family]
        each.setsockopt(level, option, ttl)


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
