"""A connection is in a worker's mailbox, in the worker or back at the supervisor, and nowhere else."""

from __future__ import annotations

import os
import socket
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from service.workers.mailbox import DRAINING, SERVING, Inbox, Mailbox
from tests.service.workers.callers import accepted

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def worker_of(mailbox: Mailbox) -> Iterator[Inbox]:
    """The worker's end, as the worker's process has it."""
    with closing(Inbox(os.dup(mailbox.worker_end.fileno()))) as inbox:
        yield inbox


def closed(connections: list[socket.socket]) -> int:
    """How many they were."""
    for connection in connections:
        connection.close()
    return len(connections)


def test_a_connection_that_is_given_is_open_at_the_worker_and_nowhere_else() -> None:
    with closing(Mailbox()) as mailbox, accepted(1) as [(caller, ours)], worker_of(mailbox) as worker:
        assert mailbox.give(ours)
        assert ours.fileno() == -1
        descriptor = worker.take()
        assert descriptor is not None
        assert not os.get_inheritable(descriptor)
        with socket.socket(fileno=descriptor) as connection:
            connection.sendall(b"hello")
        assert caller.recv(100) == b"hello"
        assert caller.recv(100) == b""


def test_an_empty_mailbox_gives_nothing_and_waits_for_nothing() -> None:
    with closing(Mailbox()) as mailbox, worker_of(mailbox) as worker:
        assert worker.take() is None
        assert mailbox.take_back() == []
        assert list(mailbox.words()) == []


def test_what_a_worker_has_not_taken_is_taken_back_in_its_order() -> None:
    with closing(Mailbox()) as mailbox, accepted(3) as pairs, worker_of(mailbox) as worker:
        for _, ours in pairs:
            mailbox.give(ours)
        first = worker.take()
        assert first is not None
        os.close(first)
        back = mailbox.take_back()
        for (caller, _), connection in zip(pairs[1:], back, strict=True):
            assert connection.getpeername() == caller.getsockname()
            connection.close()
        assert worker.take() is None


def test_a_full_mailbox_takes_nothing_and_the_connection_stays_open() -> None:
    with closing(Mailbox()) as mailbox, accepted(1) as [(_, ours)]:
        given = 0
        while mailbox.give(copy := ours.dup()):
            given += 1
        assert given > 10
        assert copy.fileno() >= 0
        copy.close()
        assert given == closed(mailbox.take_back())


def test_what_a_worker_says_is_heard_in_order() -> None:
    with closing(Mailbox()) as mailbox, worker_of(mailbox) as worker:
        worker.say(SERVING)
        worker.say(DRAINING)
        assert list(mailbox.words()) == [SERVING, DRAINING]


@pytest.mark.parametrize("words", [[], [SERVING]], ids=["all it said was heard", "not all"])
def test_a_worker_takes_what_is_left_and_then_learns_that_its_supervisor_is_gone(words: list[bytes]) -> None:
    mailbox = Mailbox()
    with accepted(1) as [(_, ours)], worker_of(mailbox) as worker:
        mailbox.give(ours)
        for word in words:
            worker.say(word)
        mailbox.close()
        descriptor = worker.take()
        assert descriptor is not None
        os.close(descriptor)
        with pytest.raises(EOFError):
            worker.take()
        worker.say(DRAINING)
