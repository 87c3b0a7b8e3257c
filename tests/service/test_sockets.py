"""Where a server can listen, and what to change where it cannot."""

import ctypes
import errno
import os
import platform
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from threading import Thread

import pytest

from polyparse.errors import ConfigError
from service.sockets import HIGHEST_TTL, LEAST_TTL, accepted, bound, refuse_new

NOBODY = 65534
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
"""Linux (asm-generic/socket.h); Python has no names for them."""
ONLY_THE_FIRST = (
    (
        0x30,
        0,
        0,
        13,
    ),  # A = the flags of the TCP header (RFC 9293, 3.1), which a filter sees from its first byte
    (0x54, 0, 0, 0x12),  # A &= SYN | ACK
    (0x15, 0, 1, 0x02),  # A == SYN: it begins a connection, and
    (0x06, 0, 0, 0xFFFFFFFF),  # passes;
    (0x06, 0, 0, 0),  # no byte of any other packet does
)
"""A program of the Berkeley Packet Filter: operation, jump if true, jump if false, operand (linux/filter.h)."""
ATTEMPTS, PAUSE_S, BOUND_S = 500, 0.02, 10


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


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_handshake_that_was_begun_is_finished_and_what_was_sent_comes(
    family: socket.AddressFamily, host: str
) -> None:
    """The caller's side of it is done, the last packet under way: without it the caller would be reset."""
    with socket.create_server((host, 0), family=family) as listener:
        hold_last_packets(listener)
        with socket.create_connection(listener.getsockname()[:2]) as caller:
            caller.sendall(b"a request")
            assert list(accepted([listener])) == []
            refuse_new([listener])
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
            ours = next(each for _ in range(ATTEMPTS) for each in accepted_after(PAUSE_S, listener))
            with ours:
                ours.settimeout(BOUND_S)
                caller.sendall(b" in two parts")
                assert received(ours, 22) == b"a request in two parts"
            with socket.socket(family) as late:
                late.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    late.connect(listener.getsockname()[:2])


def test_it_needs_no_right() -> None:
    """A container has none, in which a filter on the socket is refused by some systems."""
    if os.getuid() != 0:
        pytest.skip("needs to be root, who can give rights up")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=without_rights, args=(partial(refuse_new, [listener]),))
        thread.start()
        thread.join()
        assert listener.getsockopt(*LEAST_TTL[socket.AF_INET]) == HIGHEST_TTL


def without_rights(act: Callable[[], None]) -> None:
    """Act as nobody: in Linux an identity belongs to a thread, and this one ends with its own."""
    numbers = {
        "x86_64": 117,
        "aarch64": 147,
    }  # setresuid of this thread alone; the C library's is of the process.
    assert ctypes.CDLL(None).syscall(numbers[platform.machine()], NOBODY, NOBODY, NOBODY) == 0
    act()


def hold_last_packets(listener: socket.socket) -> None:
    """Let the system drop all but what begins a connection, as a filter can; skips where it may not have one."""
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in ONLY_THE_FIRST))
    try:
        listener.setsockopt(
            socket.SOL_SOCKET,
            SO_ATTACH_FILTER,
            struct.pack("HP", len(ONLY_THE_FIRST), ctypes.addressof(program)),
        )
    except PermissionError:
        pytest.skip("needs the right to filter a socket's packets")


def accepted_after(pause_s: float, listener: socket.socket) -> Iterator[socket.socket]:
    time.sleep(pause_s)
    return accepted([listener])


def received(connection: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += connection.recv(size)
    return got
