"""From bytes to requests, and to their answers in order: uvicorn's, bounded in bytes and in requests ahead of their answers.

uvicorn reads a head of any length, takes in requests however many are unanswered, sets a timer an answer that outlives a
reset, and closes with what was not read still there, which resets the connection and loses the answer.
connection.py bounds it in time, and ends it well. Here

- a head has at most `head_bytes`, and so have trailers; both are counted by slices of what arrives;
- past `pipelined` unanswered requests, or where answers are not read, the rest of what arrived is held, and no more is read;
- what is behind the last request of a connection, or behind what is none, is not looked at;
- past a pace a refusal is said at its turn, and its connection is read at once: what came meanwhile would be let in late;
- an upgrade is ignored, as RFC 9110 (7.8) allows: its request is parsed anew without it.
"""

from functools import partial

import httptools

from service.api.endpoint import ARRIVED, HOLD, PERMIT
from service.http.connection import BoundedConnection
from service.http.cycle import AnsweredFromHead
from service.http.errors import HeadTooLarge, MalformedRequest
from service.http.head import RequestHead, last
from service.http.pace import DEAR
from service.http.phase import Phase

SLICE_BYTES = 4096
"""What is parsed at once: nearly every request is less, and no more heads than fit in it are begun at a time."""
SLICE_BYTES_AHEAD = 512
"""The same where a request is ahead of its answer: what follows it may be heads of no more than twenty bytes each."""
VERSIONS = frozenset({"1.0", "1.1"})
"""The parser takes 0.9 and 2.0 too, of which the first has no headers and the second is framed otherwise."""


class HttpProtocol(BoundedConnection):
    """See the file."""

    _is_in_message = False
    _arrived_s = _begun_s = 0.0
    """Since when what was read last, and the first byte of the latest request, could have been read; 0 before any."""
    _bare_bytes = 0
    """Since the request began, or a part of its body came: they are of its head, or of trailers."""

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._is_refused():
            self._drop(len(data))
        elif self._held:
            self._held += data
        else:
            if self.phase is Phase.IDLE:
                self._enter(Phase.HEAD)
            self._wire.pace.begin()
            self._arrived_s = self._wire.arrivals.since_s(self._socket, is_first=not self._arrived_s)
            self._feed(data)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()
        if not self._is_refused():
            self._resume()

    def _feed(self, data: bytes) -> None:
        start = 0
        while start < len(data) and not self._is_refused():
            if self._is_paused or len(self.pipeline) >= self._wire.limits.pipelined or self.flow.write_paused:
                self._held = data[start:]
                self.flow.pause_reading()
                return
            size = SLICE_BYTES if not self._permits else SLICE_BYTES_AHEAD
            start += self._parse(data[start : start + size])

    def _parse(self, part: bytes) -> int:
        """Parse a slice; how much of it is done."""
        size = len(part)
        try:
            self.parser.feed_data(part)
        except httptools.HttpParserUpgrade as upgrade:
            size = upgrade.args[0]
            self._parse_without_upgrade()
        except httptools.HttpParserError as error:
            self.refuse(MalformedRequest(str(error)))
        if self._is_in_message and not self._is_refused():
            self._bare_bytes += size
            if (
                self._bare_bytes > self._wire.limits.head_bytes + SLICE_BYTES
            ):  # The first one is not all its own.
                self.refuse(HeadTooLarge(self._wire.limits.head_bytes))
        return size

    def _parse_without_upgrade(self) -> None:
        """Parse the latest head anew, without what asks for an upgrade."""
        head, keeps_alive = self._head(), self.parser.should_keep_alive()
        self._arrived_s = self._begun_s
        self.parser = httptools.HttpRequestParser(self)
        if head.method == b"CONNECT":
            self.refuse(MalformedRequest("CONNECT"))
        else:
            self._parse(head.without_upgrade(keeps_alive=keeps_alive))

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._is_in_head = self._is_in_message = True
        self._begun_s = self._arrived_s
        self._bare_bytes = self._dropped_bytes = 0

    def on_headers_complete(self) -> None:
        """A request begins, unless its head is all that it needs."""
        self._is_in_head = False
        if self.parser.should_upgrade() or self._is_refused():
            return
        self._say_late_answer()
        head = self._head()
        if head.version not in VERSIONS:
            self.refuse(MalformedRequest(f"HTTP/{head.version}"))
            return
        if self._bare_bytes and head.size > self._wire.limits.head_bytes:
            self.refuse(HeadTooLarge(self._wire.limits.head_bytes))
            return
        passed = self._wire.gate(head.method, head.target, head.headers, self._begun_s)
        if passed.refusal is not None and (self.cycle is None or self.cycle.response_complete):
            self._answer_from_head(passed.refusal)
            return
        super().on_headers_complete()
        self._permits.append(passed.permit)
        self._bodies.append(0)
        self.scope["extensions"] = {PERMIT: passed.permit, ARRIVED: self._begun_s, HOLD: self.hold}  # type: ignore[dict-item]  # none of ASGI's
        self.headers = []  # Trailers are no headers.
        self._enter(Phase.ANSWER)
        if passed.refusal is not None:
            self.pipeline[0] = (self.cycle, partial(self._answer_in_turn, passed.refusal))
        if self._wire.is_ending:
            self.cycle.keep_alive = False

    def _answer_from_head(self, answer: bytes) -> None:
        """Answer, and read what belongs to the request without looking at it."""
        keeps_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        # Of a body that may come or not, nobody could tell the next request.
        is_last = self.expect_100_continue or self._wire.is_ending or not keeps_alive
        self._wire.pace.refused()
        self.cycle = AnsweredFromHead()  # type: ignore[assignment]  # as much of one as is looked at
        self._enter(Phase.UNREAD)
        self._late_answer = answer
        if is_last:
            self.finish()
        elif not self._pause(turns=1):
            self._say_late_answer()

    def _pause(self, *, turns: int) -> bool:
        """Go on after a refusal when it is its turn; whether that is later than now."""
        delay_s = self._wire.pace.delay_s(self.since_s, turns=turns)
        if delay_s:
            self._is_paused = True
            self.flow.pause_reading()
            self.loop.call_later(delay_s, self._go_on)
        return delay_s > 0

    def _go_on(self) -> None:
        self._is_paused = False
        if not self._is_refused():
            self._say_late_answer()
        if not self._is_refused():
            self._resume()

    async def _answer_in_turn(self, answer: bytes, *_: object) -> None:
        """The application of a request that is refused while others are ahead of it."""
        cycle = self._running
        if cycle is None or cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        self._socket.write(answer if cycle.keep_alive else last(answer))
        if not cycle.keep_alive:
            self.finish()
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._bare_bytes = 0
        if self._is_refused():
            return
        if self.cycle.response_complete:
            self._drop(len(body))
        else:
            super().on_body(body)
            self._bodies[-1] += len(body)
            self._wire.bodies.take(self, len(body))

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._is_in_message = False
        self._wire.bodies.is_whole(self)
        if self.parser.should_upgrade() or self._is_refused():
            return
        self.cycle.more_body = False
        if self.cycle.response_complete:
            self._enter(Phase.IDLE)
        else:
            if not self.pipeline:
                self._take_place(self._arrived_s)
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """The answer to the oldest request is out: the next one has its turn."""
        self.server_state.total_requests += 1
        self._running = None
        permit = self._permits.popleft()
        self._wire.bodies.release(self._bodies.popleft())
        if permit is not None:
            permit.leave(is_answered=True)
        if self._is_finished():
            self._forget_unanswered()
            return
        if self.pipeline:
            self._start_next()
        elif self._last_words:
            self._say_last_words()
            return
        elif self.cycle.more_body:
            self._wire.bodies.is_whole(self)
            self._enter(Phase.UNREAD)
        else:
            self._enter(Phase.HEAD if self._is_in_head else Phase.IDLE)
        if permit is not None and permit.is_refused:
            self._pause(turns=DEAR)
        self._resume()

    def _start_next(self) -> None:
        cycle, app = self.pipeline.pop()
        self._start_asgi_task(cycle, app)
        if not cycle.more_body:
            self._take_place()

    def _take_place(self, came_s: float = float("inf")) -> None:
        """Let the oldest request be inside: it is whole, and has its turn. Those behind it take no place of others."""
        if (permit := self._permits[0]) is not None:
            permit.enter(came_s)

    def _resume(self) -> None:
        """Parse what was held, then read on, unless that leads to more that is held."""
        held, self._held = self._held, b""
        self._feed(held)
        self.flow.resume_reading()

    def _head(self) -> RequestHead:
        return RequestHead(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
