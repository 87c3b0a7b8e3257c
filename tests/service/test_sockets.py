"""Where a server can listen, and what to change where it cannot."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from polyparse.errors import ConfigError
from service.sockets import accepted, bound, refuse_new


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Address -> the number of the error with which the system refuses it; others it takes."""
    refused: dict[str, int] = {}
    bind = socket.socket.bind

    class Refusing(socket.socket):
        def bind(self, address: tuple[str, int]) -> None:  # type: ignore[override]
            if (number := refused.get(address[0])) is not None:
                raise OSError(number, os.strerror(number))
            bind(self, address)

    monkeypatch.setattr(socket, "socket", Refusing)
    return refused


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses."""
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda _host, port, **_: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses
        ],
    )


def refusal(host: str, port: int) -> str:
    with pytest.raises(ConfigError) as error:
        bound(host, port)
    return str(error.value)


def test_a_free_port_can_be_listened_on() -> None:
    (listener,) = bound("127.0.0.1", 0)
    with closing(listener):
        listener.listen()
        with socket.create_connection(listener.getsockname()):
            pass


def test_a_port_is_free_again_as_soon_as_its_server_has_ended() -> None:
    (first,) = bound("127.0.0.1", 0)
    port = first.getsockname()[1]
    first.listen()
    with socket.create_connection(("127.0.0.1", port)):
        first.accept()[0].close()  # The side that closes first keeps the port for a minute.
    first.close()
    for each in bound("127.0.0.1", port):
        each.close()


def test_a_port_in_use_is_named(taken: int) -> None:
    assert refusal("127.0.0.1", taken) == (
        f"--port: found port {taken} of 127.0.0.1 in use, expected a free one (0 takes any)"
    )


@pytest.mark.parametrize("host", ["203.0.113.7", "8.8.8.8"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    assert (
        refusal(host, 0)
        == f"--host: found {host!r}, which is no address of this machine, expected one of its own"
    )


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.1.1.1", "a b", "1:2"])
def test_a_host_that_nobody_knows_is_named(host: str) -> None:
    line = refusal(host, 0)
    assert line.startswith(f"--host: found {host!r} (")
    assert line.endswith("), expected a name or address")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            errno.EACCES,
            "--port: found port 80, which this user may not listen on, expected one from 1024 to 65535",
        ),
        (errno.EINVAL, "--host: found 'a', expected an address with its interface, such as fe80::1%eth0"),
        (
            errno.EAFNOSUPPORT,
            "--host: found 'a', of a kind that this machine lacks, expected an address of its own",
        ),
        (errno.ENOBUFS, "--port: found port 80 of a (No buffer space available), expected one to listen on"),
    ],
)
def test_what_the_system_refuses_is_said_in_words(
    number: int, said: str, refuse: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.1")
    refuse["127.0.0.1"] = number
    assert refusal("a", 80) == said


def test_one_address_of_a_name_is_enough(refuse: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    refuse["127.0.0.2"] = errno.EADDRNOTAVAIL
    (listener,) = bound("localhost", 0)
    with closing(listener):
        assert listener.getsockname()[0] == "127.0.0.1"


def test_a_port_that_is_taken_at_one_address_of_a_name_is_refused_and_the_others_are_let_go(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    assert "in use" in refusal("localhost", taken)
    with socket.create_server(("127.0.0.2", taken)):
        pass


def test_who_stands_in_the_queue_is_taken_and_nobody_comes_behind_him() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as caller:
            refuse_new([listener])
            (ours,) = accepted([listener])
            with ours:
                assert ours.getpeername() == caller.getsockname()
        with socket.socket() as late:
            late.settimeout(0.1)
            with pytest.raises(TimeoutError):
                late.connect(listener.getsockname())
        assert list(accepted([listener])) == []


@pytest.mark.parametrize(
    ("flags", "passes"), [(0x02, False), (0x10, True), (0x18, True), (0x12, True), (0x04, True)]
)
def test_of_the_packets_of_tcp_only_the_one_that_begins_a_connection_is_dropped(
    flags: int, *, passes: bool
) -> None:
    """Of a handshake that was begun the last packet may be under way: without it the caller would be reset."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        refuse_new(
            [ours]
        )  # Its filter sees the datagrams of this socket as it sees TCP's packets: from the first byte.
        with suppress(PermissionError):  # So the system says that the filter has dropped it.
            theirs.send(bytes(13) + bytes([flags]) + bytes(6))
        ours.settimeout(0)
        if passes:
            assert len(ours.recv(100)) == 20
        else:
            with pytest.raises(BlockingIOError):
                ours.recv(100)
