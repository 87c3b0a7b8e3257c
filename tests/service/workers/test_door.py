"""Connections are shared out evenly, wait while nobody takes them, and come back from a worker that hangs or dies."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING

from service.workers.door import Door
from service.workers.mailbox import Inbox, Mailbox
from service.workers.policy import LATE_LOOKS, LOST_LOOKS, Sign
from service.workers.seat import Seat
from service.workers.tally import make_tallies
from tests.service.workers.callers import connected, listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW_S = 1000.0


class Worker:
    """A worker without a process: what it has taken stays open until it is told."""

    def __init__(self, seat: Seat) -> None:
        assert seat.mailbox is not None
        self._inbox = Inbox(os.dup(seat.mailbox.worker_end.fileno()))
        self.taken: list[socket.socket] = []

    def take(self) -> int:
        """Take what is there; how many it has now."""
        while (descriptor := self._inbox.take()) is not None:
            self.taken.append(socket.socket(fileno=descriptor))
        return len(self.taken)

    def close(self) -> None:
        """Its end of the mailbox."""
        self._inbox.close()


class House:
    """A door with two workers behind it."""

    def __init__(self, folder: Path, listener: socket.socket) -> None:
        self.tallies = make_tallies(folder, 2)
        self.seats = [Seat(number, tally) for number, tally in enumerate(self.tallies)]
        self.listener = listener
        self.door = Door([listener], self.seats)
        self.door.open()
        self.workers = [self.begin(seat) for seat in self.seats]

    def begin(self, seat: Seat) -> Worker:
        """A worker comes, and serves."""
        seat.begin(1, Mailbox())
        seat.serve(NOW_S)
        return Worker(seat)

    def accept(self) -> None:
        """Accept as the supervisor does."""
        for listener in self.door.open_listeners:
            self.door.accept(listener)

    def hang_up(self, number: int, connections: int) -> None:
        """Some of a worker's connections are closed."""
        for _ in range(connections):
            self.workers[number].taken.pop().close()
            self.tallies[number].count_closed()

    def taken(self) -> list[int]:
        """How many connections each worker has."""
        return [worker.take() for worker in self.workers]

    def close(self) -> None:
        """Everything."""
        self.door.close()
        for number, worker in enumerate(self.workers):
            self.hang_up(number, worker.take())
            worker.close()
        for seat in self.seats:
            for connection in seat.end(NOW_S):
                connection.close()


@contextmanager
def house_at(folder: Path) -> Iterator[House]:
    with listening() as listener, closing(House(folder, listener)) as house:
        yield house


def test_connections_that_come_at_once_are_shared_out_evenly(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 32):
        house.accept()
        assert house.taken() == [16, 16]


def test_connections_that_come_one_by_one_are_shared_out_evenly(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, ExitStack() as callers:
        for number in range(1, 33):
            callers.enter_context(connected(house.listener, 1))
            house.accept()
            assert sum(house.taken()) == number
        assert house.taken() == [16, 16]


def test_who_lost_connections_gets_the_next_ones(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 8):
        house.accept()
        assert house.taken() == [4, 4]
        house.hang_up(1, 3)
        with connected(house.listener, 3):
            house.accept()
            assert house.taken() == [4, 4]


def test_short_connections_go_to_each_in_turn(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        served = [0, 0]
        for _ in range(10):
            with connected(house.listener, 1):
                house.accept()
                taken = house.taken()
                served = [before + now for before, now in zip(served, taken, strict=True)]
                house.hang_up(taken.index(1), 1)
        assert served == [5, 5]


def test_while_nobody_serves_nothing_is_accepted_and_nobody_is_turned_away(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        for seat in house.seats:
            seat.drain(NOW_S)
        with connected(house.listener, 4):
            assert list(house.door.open_listeners) == []
            house.accept()
            assert house.taken() == [0, 0]
            house.seats[1].serve(NOW_S)
            house.accept()
            assert house.taken() == [0, 4]


def test_what_a_worker_that_died_had_not_taken_goes_to_others(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 8):
        house.accept()
        assert house.workers[1].take() == 4
        house.workers[0].close()
        house.door.share(house.seats[0].end(NOW_S))
        assert house.workers[1].take() == 8
        house.workers[0] = house.begin(house.seats[0])


def test_a_worker_that_hangs_gets_nothing_and_swallows_nothing(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 8):
        house.accept()
        signs = []
        for _ in range(LATE_LOOKS):
            house.tallies[1].beat()
            signs = [seat.look(NOW_S) for seat in house.seats]
        assert signs == [Sign.LATE, Sign.ALIVE]
        house.door.share(house.seats[0].take_back())
        with connected(house.listener, 2):
            house.accept()
            assert house.taken() == [0, 10]
        house.tallies[0].beat()
        assert house.seats[0].look(NOW_S) is Sign.ALIVE
        with connected(house.listener, 1):
            house.accept()
            assert house.taken() == [1, 10]


def test_a_worker_that_shows_no_sign_of_life_any_more_is_lost(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        assert [house.seats[0].look(NOW_S) for _ in range(LOST_LOOKS)][-1] is Sign.LOST


def test_a_worker_that_drains_needs_no_sign_of_life_until_it_should_have_ended(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        house.seats[0].drain(NOW_S)
        assert house.seats[0].look(NOW_S - 1) is Sign.ALIVE
        assert house.seats[0].look(NOW_S) is Sign.LOST


def test_a_worker_whose_mailbox_is_full_gets_no_more_until_there_is_room(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 1):
        house.seats[1].drain(NOW_S)
        mailbox = house.seats[0].mailbox
        assert mailbox is not None
        filler = house.listener.dup()
        while mailbox.give(copy := filler.dup()):
            pass
        copy.close()
        house.accept()
        assert house.seats[0].is_full
        assert list(house.door.open_listeners) == []
        house.workers[0].take()
        house.seats[0].is_full = False
        house.door.share()
        assert house.workers[0].take() > 1
        filler.close()


def test_what_the_system_has_is_accepted_at_the_end_and_waits_for_a_worker_that_hangs(tmp_path: Path) -> None:
    with house_at(tmp_path) as house:
        for _ in range(LATE_LOOKS):
            for seat in house.seats:
                seat.look(NOW_S)
        with connected(house.listener, 2) as callers:
            house.door.accept_all()
            assert (house.door.is_awaited, house.taken()) == (True, [0, 0])
            house.tallies[1].beat()
            house.seats[1].look(NOW_S)
            house.door.share()
            assert (house.door.is_awaited, house.taken()) == (False, [0, len(callers)])


def test_who_still_waits_when_all_ends_is_hung_up_on(tmp_path: Path) -> None:
    with house_at(tmp_path) as house, connected(house.listener, 2) as callers:
        waiting = [house.listener.accept()[0] for _ in callers]
        for seat in house.seats:
            seat.drain(NOW_S)
        house.door.share(waiting)
        house.door.close()
        assert [caller.recv(1) for caller in callers] == [b"", b""]
