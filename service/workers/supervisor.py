"""The supervisor: starts workers, gives them connections, replaces those that end, and ends with the last of them.

It answers nothing itself and imports nothing that does, so that it is small and has little to fail at. It is one thread that
waits in one place: for connections, signals, what workers say, and the time of what is due.

    starting: nobody listens until every worker serves; one that ends is the end of all
    serving:  a worker that ends is replaced, one that shows no sign of life is killed
    leaving:  after SIGTERM workers are not ready, and take connections still, until balancers have noticed; in the end
              only those that were begun, until each has a worker. One that ends is not replaced any more
    stopping: nobody listens, and every worker drains; one that does not end in time is killed
"""

import logging
import selectors
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from socket import socket
from typing import Any, NamedTuple

from service.sockets import HANDSHAKE_S
from service.workers import processes
from service.workers.board import REFUSAL, RESTARTS
from service.workers.door import Door
from service.workers.errors import WorkerRefused
from service.workers.mailbox import DRAINING, SERVING, Mailbox
from service.workers.policy import LONGEST_DELAY_S, LOOK_S, Sign
from service.workers.processes import Starter
from service.workers.seat import Seat
from service.workers.signals import Signals

FORCED_S = 3.0
"""What workers have to end in once a second Ctrl-C has come."""
KILLED_BY = 128
"""The exit status of a process that a signal ended is this and its number, where a shell says it."""

logger = logging.getLogger(__name__)


class SupervisorPhase(Enum):
    """Where a service is in its life."""

    STARTING = auto()
    SERVING = auto()
    LEAVING = auto()
    STOPPING = auto()


class EndTimes(NamedTuple):
    """How long connections are accepted after SIGTERM, and what workers then have to end in."""

    lame_duck_s: float
    drain_s: float


class Watch(NamedTuple):
    """What to wait for of a file, and what to do when it comes."""

    events: int
    act: Callable[[], None]


class Supervisor:
    """Runs workers until a signal."""

    def __init__(
        self,
        seats: Sequence[Seat],
        door: Door,
        starter: Starter,
        *,
        signals: Signals,
        listening: Callable[[], None],
        times: EndTimes,
    ) -> None:
        """`listening` is called once connections are accepted."""
        self._seats = seats
        self._door = door
        self._starter = starter
        self._signals = signals
        self._listening = listening
        self._lame_duck_s, self._drain_s = times
        self._phase = SupervisorPhase.STARTING
        self._status = 0
        self._refusal: str | None = None
        self._looks_at_s = self._killed_at_s = self._leaves_at_s = 0.0

    def run(self) -> int:
        """Serve until a signal, and return the exit status; WorkerRefused where a worker did not start, and said why."""
        known: tuple[object, ...] = ()
        with selectors.DefaultSelector() as selector:
            while self._phase is not SupervisorPhase.STOPPING or any(seat.pid for seat in self._seats):
                self._do_what_is_due(time.monotonic())
                if (concerns := self._concerns()) != known:
                    _watch(selector, self._watched())
                    known = concerns
                for key, _ in selector.select(max(0.0, self._looks_at_s - time.monotonic())):
                    key.data()
        if self._refusal is not None:
            raise WorkerRefused(self._refusal)
        return self._status

    def _concerns(self) -> tuple[object, ...]:
        """What `_watched` depends on: asked for after every connection, for which the whole would cost too much."""
        return (self._door.takes, *((seat.mailbox, seat.is_full) for seat in self._seats))

    def _watched(self) -> dict[Any, Watch]:
        read, write = selectors.EVENT_READ, selectors.EVENT_WRITE
        watched: dict[Any, Watch] = {self._signals: Watch(read, self._hear_signals)}
        for listener in self._door.open_listeners:
            watched[listener] = Watch(read, partial(self._door.accept, listener))
        for seat in self._seats:
            if seat.mailbox is not None:
                watched[seat.mailbox] = Watch(
                    read | write if seat.is_full else read, partial(self._hear, seat)
                )
        return watched

    def _hear_signals(self) -> None:
        for sig in self._signals.take():
            if sig == signal.SIGCHLD:
                for pid, status in processes.ended():
                    self._ended(pid, status)
            elif self._phase is SupervisorPhase.STARTING:
                self._stop(signal.SIGTERM, self._drain_s)
            elif self._phase is SupervisorPhase.SERVING:
                self._leave(sig)
            else:
                self._stop(signal.SIGTERM, FORCED_S)

    def _hear(self, seat: Seat) -> None:
        """A worker has said something, or there is room in its mailbox again."""
        for word in () if seat.mailbox is None else seat.mailbox.words():
            if self._phase is SupervisorPhase.STOPPING:
                continue
            if word == SERVING:
                seat.serve(time.monotonic())
                logger.info("worker serves", extra=_fields(seat))
            elif word == DRAINING:
                seat.drain(time.monotonic() + self._drain_s)
                self._return(seat.take_back())
        seat.is_full = False
        if self._phase is SupervisorPhase.STARTING and all(each.is_serving for each in self._seats):
            self._phase = SupervisorPhase.SERVING
            self._door.open()
            self._listening()
        self._door.share()

    def _ended(self, pid: int, status: int) -> None:
        """A process has ended; one that is no worker's was left behind by one, and is nobody's concern."""
        seat = next((seat for seat in self._seats if seat.pid == pid), None)
        if seat is None:
            return
        fields = _fields(seat) | {"ended": processes.in_words(status)}
        board = self._starter.board(seat.number)
        refusal = board.read(REFUSAL).get(seat.number, b"").decode()
        board.forget()
        self._return(seat.end(time.monotonic()))
        match self._phase:
            case SupervisorPhase.STARTING:
                self._status = status if status >= 0 else KILLED_BY - status
                self._refusal = refusal or None
                self._stop(signal.SIGTERM, FORCED_S)
            case SupervisorPhase.SERVING:
                logger.error("worker ended, another takes its place", extra=fields | {"reason": refusal})
            case SupervisorPhase.LEAVING | SupervisorPhase.STOPPING:
                logger.info("worker ended", extra=fields)

    def _return(self, connections: Iterable[socket]) -> None:
        """Share out again what a worker did not take; where all ends, hang up."""
        if self._phase is SupervisorPhase.STOPPING:
            for connection in connections:
                connection.close()
        else:
            self._door.share(connections)

    def _leave(self, sig: int) -> None:
        """Let workers be not ready, while connections still come; after SIGINT, which a person sends, no more do."""
        self._phase = SupervisorPhase.LEAVING
        self._leaves_at_s = time.monotonic() + (self._lame_duck_s if sig == signal.SIGTERM else 0.0)
        processes.send([seat.pid for seat in self._seats], signal.Signals(sig))
        self._looks_at_s = 0.0

    def _hang_up(self, now_s: float) -> None:
        """Listen no more: what the system has accepted is given, and the end of its mailbox lets each worker drain.

        While nobody takes it, since all hang or have full mailboxes, it waits, for as long as a drain may take.
        """
        self._door.accept_all()
        has_time = now_s < self._leaves_at_s + self._drain_s
        if self._door.is_awaited and has_time and any(seat.pid for seat in self._seats):
            return
        self._phase = SupervisorPhase.STOPPING
        self._killed_at_s = now_s + self._drain_s
        self._door.close()
        for seat in self._seats:
            seat.is_serving = False
            seat.hang_up()

    def _stop(self, sig: signal.Signals, within_s: float) -> None:
        """Let every worker end, within so many seconds."""
        self._phase = SupervisorPhase.STOPPING
        self._door.close()
        self._killed_at_s = time.monotonic() + within_s
        for seat in self._seats:
            seat.is_serving = False
            self._return(seat.take_back())
        processes.send([seat.pid for seat in self._seats], sig)

    def _do_what_is_due(self, now_s: float) -> None:
        if now_s < self._looks_at_s:
            return
        self._looks_at_s = now_s + LOOK_S
        match self._phase:
            case SupervisorPhase.STOPPING if now_s >= self._killed_at_s:
                processes.send([seat.pid for seat in self._seats], signal.SIGKILL)
            case SupervisorPhase.LEAVING:
                self._look_after(now_s)
                if now_s >= self._leaves_at_s and self._door.is_refusing:
                    self._hang_up(now_s)
                elif now_s >= self._leaves_at_s:
                    self._door.refuse_new()
                    self._leaves_at_s = now_s + HANDSHAKE_S
            case SupervisorPhase.STARTING | SupervisorPhase.SERVING:
                self._look_after(now_s)

    def _look_after(self, now_s: float) -> None:
        """Look at each worker, and start those that are to be started."""
        for seat in self._seats:
            if seat.pid is not None:
                self._look_at(seat, now_s)
            elif now_s >= seat.starts_at_s and self._phase is not SupervisorPhase.LEAVING:
                self._start(seat, now_s)
        self._door.resume()
        self._door.share()

    def _start(self, seat: Seat, now_s: float) -> None:
        """Start a worker; where the system has no room for one beside those that serve, it is tried again later."""
        try:
            mailbox = Mailbox()
            seat.begin(self._starter.start(seat.number, mailbox), mailbox)
        except OSError as error:
            if self._phase is SupervisorPhase.STARTING:
                raise
            seat.starts_at_s = now_s + LONGEST_DELAY_S
            logger.error("worker not started: %s", error, extra=_fields(seat))  # noqa: TRY400 - the message says it all
        else:
            logger.info("worker starts", extra=_fields(seat))
            if self._phase is SupervisorPhase.SERVING:
                self._count_restart(seat)

    def _count_restart(self, seat: Seat) -> None:
        """Publish that one more worker took the place of another; where the board is full, the next time."""
        seat.restarts += 1
        try:
            self._starter.board(seat.number).publish(RESTARTS, str(seat.restarts).encode())
        except OSError as error:
            logger.warning("/metrics does not show all restarts: %s", error, extra=_fields(seat))

    def _look_at(self, seat: Seat, now_s: float) -> None:
        """Where a worker shows no sign of life, others get what it has not taken; one that is lost is killed."""
        sign = seat.look(now_s)
        if sign is not Sign.ALIVE:
            self._return(seat.take_back())
        if sign is Sign.LOST:
            logger.error("worker killed: it shows no sign of life", extra=_fields(seat))
            processes.send([seat.pid], signal.SIGKILL)


def _watch(selector: selectors.BaseSelector, watched: Mapping[Any, Watch]) -> None:
    """Let a selector wait for these, and for nothing else."""
    known = {key.fileobj: key for key in selector.get_map().values()}
    for each in known.keys() - watched.keys():
        selector.unregister(each)
    for each, watch in watched.items():
        if each not in known:
            selector.register(each, watch.events, watch.act)
        elif known[each].events != watch.events:
            selector.modify(each, watch.events, watch.act)


def _fields(seat: Seat) -> dict[str, object]:
    """The fields that identify a worker in the log."""
    return {"worker": seat.number, "worker_pid": seat.pid}
