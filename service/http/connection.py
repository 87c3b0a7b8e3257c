"""The life of a connection: whose turn it is, since when, and how it ends.

- No connection has a timer: `phase` and `since_s` say what it waits for, and since when; sweeper.py looks at all of them.
- Its end is `finish`: our side is shut, what still comes is dropped, and the other side closes once it has read the answer.
- What is no request has the last words, after the requests before it have their answers; with them ends what is inside.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from polyparse.errors import PolyparseError
from service.errors import ShuttingDown
from service.http.cycle import Ending, HeldFlow
from service.http.errors import HeadTimeout
from service.http.head import last
from service.http.phase import Overdue, Phase, overdue
from service.http.wire import Wire

if TYPE_CHECKING:
    from service.admission import Permit


class BoundedConnection(HttpToolsProtocol):
    """See the file. `wire` is what all connections of a server share."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        wire: Wire,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._wire = wire
        self._is_in_head = False
        self._held = b""
        self._is_paused = False
        self._late_answer = b""
        """To a request that was refused, until its turn."""
        self._last_words = b""
        self._dropped_bytes = 0
        self._running: RequestResponseCycle | None = None
        self._permits: deque[Permit | None] = deque()
        """Of the requests that are not answered, in their order."""
        self._bodies: deque[int] = deque()
        """Bytes that are held of their bodies."""
        self.phase = Phase.HEAD
        self.since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self.flow: HeldFlow = HeldFlow(transport, self._is_ahead)
        self.transport = Ending(transport, self.finish, self._is_finished)  # type: ignore[assignment]
        self._socket = transport
        self._enter(Phase.HEAD)
        self._wire.opened(self, self.connections)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.phase = Phase.LAST
        self._late_answer = b""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        self._forget_unanswered()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        self._enter(self.phase)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """Say in the last answer that is due that it is the last one here; one that is on its way has not said so."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def finish(self) -> None:
        """Shut our side, once all that was written is out, and drop what still comes until the other side closes."""
        if self.phase is Phase.LAST:
            return
        if self._late_answer:
            self._socket.write(last(self._late_answer))
            self._late_answer = b""
        self._enter(Phase.LAST)
        self._held = b""
        self._dropped_bytes = 0
        if not self._socket.is_closing():
            self._socket.write_eof()
            self.flow.release()

    def wait_no_more(self) -> None:
        """Finish where it is the other side's turn: to send a request, or the rest of one."""
        if self.phase in {Phase.HEAD, Phase.IDLE}:
            self.finish()
        elif self.phase is Phase.ANSWER and not self.pipeline and self._is_body_due():
            self._last_words = self._wire.problem(
                ShuttingDown("found no whole body at the end, expected one")
            )
            self._answer_without_body()

    def abort(self) -> None:
        """End it at once; it makes room at once too."""
        self.phase = Phase.LAST
        self.connections.discard(self)
        self._socket.abort()

    def refuse(self, error: PolyparseError) -> None:
        """Answer with a problem, after the requests before it have their answers, and finish.

        Where a body is at fault, that is the answer to its request; if it has one already, there is no other.
        """
        self._wire.refused(error)
        if self.phase is Phase.UNREAD:
            self.finish()
            return
        self._last_words = self._wire.problem(error)
        self._held = b""
        if self.cycle is None or self.cycle.response_complete:
            self._say_last_words()
        elif self._is_body_due():
            self._answer_without_body()
        else:
            self.flow.pause_reading()

    def _is_body_due(self) -> bool:
        """Whether the body of the latest request is to come, and its answer too."""
        return self.cycle.more_body and not self.cycle.response_started

    def _answer_without_body(self) -> None:
        """Let the last words answer the latest request, once it is its turn."""
        if self.pipeline:
            self.pipeline.popleft()
            self._permits.pop()
            self._wire.bodies.release(self._bodies.pop())
            self.flow.pause_reading()
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._say_last_words()

    def hold(self, size: int) -> None:
        """Hold so many bytes more for the body of the request that is being answered; QueueFull where there is no room."""
        if self._bodies:  # Else its caller has gone.
            self._wire.bodies.grow(size)
            self._bodies[0] += size

    def _say_late_answer(self) -> None:
        """Say it now, at its turn, or before something else is said."""
        if self._late_answer and self._wire.is_ending:
            self.finish()
        elif self._late_answer:
            self._socket.write(self._late_answer)
            self._late_answer = b""

    def _say_last_words(self) -> None:
        self._socket.write(self._late_answer + self._last_words)
        self._late_answer = b""
        self._forget_unanswered()
        self.finish()

    def _forget_unanswered(self) -> None:
        """Nobody waits for them any more."""
        self.pipeline.clear()
        self._wire.bodies.is_whole(self)
        while self._bodies:
            self._wire.bodies.release(self._bodies.popleft())
        while self._permits:
            if (permit := self._permits.popleft()) is not None:
                permit.leave(is_answered=False)

    def sweep(self, now_s: float) -> None:
        """Do what is overdue."""
        if self not in self.connections:
            return
        waited_s = now_s - self.since_s
        is_blocked = self._socket.get_write_buffer_size() > 0
        match overdue(self.phase, waited_s, is_blocked=is_blocked, limits=self._wire.limits):
            case Overdue.CLOSE:
                self.finish()
            case Overdue.HEAD_TIMEOUT:
                self._end_head()
            case Overdue.ABORT:
                self._socket.abort()

    def _end_head(self) -> None:
        if self._is_in_head:
            self.refuse(HeadTimeout(self._wire.limits.head_s))
        else:
            self.finish()

    def _drop(self, size: int) -> None:
        self._dropped_bytes += size
        if self._dropped_bytes > self._wire.limits.unread_bytes:
            self._socket.abort()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.since_s = self.loop.time()

    def _is_ahead(self) -> bool:
        return bool(
            self._is_paused or self.pipeline or self._held or self._last_words or self.flow.write_paused
        )

    def _is_refused(self) -> bool:
        """Whether what still comes is not looked at."""
        return self.phase is Phase.LAST or bool(self._last_words)

    def _is_finished(self) -> bool:
        return self.phase is Phase.LAST
