"""The sockets to listen on; where there can be none, a ConfigError says which setting is at fault."""

import errno
import socket
from collections.abc import Mapping
from contextlib import ExitStack

from polyparse.errors import ConfigError

Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
"""Of a socket, as Python's standard library has it."""
REFUSALS: Mapping[int, str] = {
    errno.EADDRINUSE: "--port: found port {port} of {host} in use, expected a free one (0 takes any)",
    errno.EACCES: "--port: found port {port}, which this user may not listen on, expected one from 1024 to 65535",
    errno.EADDRNOTAVAIL: "--host: found {host!r}, which is no address of this machine, expected one of its own",
    errno.EINVAL: "--host: found {host!r}, expected an address with its interface, such as fe80::1%eth0",
    errno.EAFNOSUPPORT: "--host: found {host!r}, of a kind that this machine lacks, expected an address of its own",
}
"""What the operating system refuses -> what to change."""
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Refusals that do not matter as long as a name has another address: localhost is ::1 too where IPv6 is off."""


def bound(host: str, port: int) -> list[socket.socket]:
    """Bind a socket to each address of the host; they do not listen yet.

    Raises:
        ConfigError: an address cannot be bound, or the host has none on this machine.
    """
    refusals: list[OSError] = []
    with ExitStack() as opened:
        sockets = []
        for family, address in _addresses(host, port):
            try:
                sockets.append(opened.enter_context(_bound(family, address)))
            except OSError as error:
                if error.errno not in ABSENT:
                    raise _refused(host, port, error) from error
                refusals.append(error)
        if not sockets:
            raise _refused(host, port, refusals[0]) from refusals[0]
        opened.pop_all()
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, Address]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"--host: found {host!r} ({reason}), expected a name or address") from error
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


def _refused(host: str, port: int, error: OSError) -> ConfigError:
    unforeseen = f"--port: found port {{port}} of {{host}} ({error.strerror}), expected one to listen on"
    return ConfigError(REFUSALS.get(error.errno or 0, unforeseen).format(host=host, port=port))
