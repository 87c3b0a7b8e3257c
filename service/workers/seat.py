"""What the supervisor knows of one worker: its process, its mailbox, the connections that it holds, its signs of life."""

import socket

from service.workers.mailbox import Mailbox
from service.workers.policy import Sign, Standing, delay_s, quick_ends, sign_of
from service.workers.tally import Tally


class Seat:
    """The place of one worker after the other; empty between two of them."""

    def __init__(self, number: int, tally: Tally) -> None:
        self.number = number
        self.pid: int | None = None
        self.mailbox: Mailbox | None = None
        self.is_serving = False
        self.is_full = False
        self.restarts = 0
        """How many workers took the place of one before."""
        self.starts_at_s = 0.0
        """When the next worker is started, while there is none."""
        self._tally = tally
        self._served_from_s: float | None = None
        self._ends_by_s: float | None = None
        self._quick_ends = 0
        self._given = self._last_given = 0
        self._beats = self._silent_looks = 0

    @property
    def standing(self) -> Standing:
        """As the policy sees it."""
        takes = self.is_serving and not self.is_full and sign_of(self._silent_looks) is Sign.ALIVE
        return Standing(takes, self._given - self._tally.closed, self._last_given)

    def begin(self, pid: int, mailbox: Mailbox) -> None:
        """A worker was started."""
        self.pid, self.mailbox = pid, mailbox

    def serve(self, now_s: float) -> None:
        """The worker takes connections from now on."""
        self.is_serving, self._served_from_s = True, now_s

    def drain(self, ends_by_s: float) -> None:
        """The worker takes no more connections, and shall have ended by then."""
        self.is_serving, self._ends_by_s = False, ends_by_s

    def give(self, connection: socket.socket, turn: int) -> None:
        """Give it a connection, the `turn`-th of all; where there is no room, the seat is full and it stays the caller's."""
        assert self.mailbox is not None  # noqa: S101 - who serves has one.
        if self.mailbox.give(connection):
            self._given += 1
            self._last_given = turn
        else:
            self.is_full = True

    def take_back(self) -> list[socket.socket]:
        """What the worker has not taken out of its mailbox."""
        connections = [] if self.mailbox is None else self.mailbox.take_back()
        self._given -= len(connections)
        self.is_full = False
        return connections

    def hang_up(self) -> None:
        """Give no more, for good: the worker finds the end of its mailbox behind what it was given."""
        if self.mailbox is not None:
            self.mailbox.close()
            self.mailbox = None

    def look(self, now_s: float) -> Sign:
        """Look for a sign of life; one that does not serve shows none, and need not, until it should have ended."""
        if self._ends_by_s is not None and now_s >= self._ends_by_s:
            return Sign.LOST
        beats = self._tally.beats
        self._silent_looks = self._silent_looks + 1 if self.is_serving and beats == self._beats else 0
        self._beats = beats
        return sign_of(self._silent_looks)

    def end(self, now_s: float) -> list[socket.socket]:
        """The worker has ended: when the next one starts, and what this one had not taken."""
        connections = self.take_back()
        if self.mailbox is not None:
            self.mailbox.close()
        served_s = 0.0 if self._served_from_s is None else now_s - self._served_from_s
        self._quick_ends = quick_ends(self._quick_ends, served_s)
        self.starts_at_s = now_s + delay_s(self._quick_ends)
        self.pid = self.mailbox = self._served_from_s = self._ends_by_s = None
        self.is_serving = False
        self._given = self._beats = self._silent_looks = 0
        self._tally.reset()
        return connections
