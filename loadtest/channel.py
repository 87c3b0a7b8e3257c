"""A keep-alive connection that carries one request at a time, and reads its answer with httptools."""

import asyncio
import re
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, cast

import httptools

from loadtest.outcome import GARBLED, RESET
from loadtest.server_timing import stages_ms

VERSION = re.compile(rb'"version": ?"([^"\\]+)"')
INTERIM_BELOW = 200
SUCCESS = 200


class Reply(NamedTuple):
    """An answer: `version` is the one that a 200 names, `stages_ms` what its Server-Timing says."""

    status: int
    body: bytes
    version: str | None
    stages_ms: Mapping[str, float] | None


class Carried(Protocol):
    """The request that a connection carries: it hears exactly once how it ended."""

    def answered(self, reply: Reply) -> None:
        """An answer came."""

    def failed(self, outcome: str) -> None:
        """None will come."""


class Channel(asyncio.Protocol):
    """`freed` is called when it can carry the next request, `lost` when it never will again."""

    def __init__(self, freed: Callable[["Channel"], None], lost: Callable[["Channel"], None]) -> None:
        self._freed, self._lost = freed, lost
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._carried: Carried | None = None
        self._body: list[bytes] = []
        self._timing: str | None = None

    def carry(self, content: bytes, carried: Carried) -> None:
        """Send a request."""
        self._carried = carried
        self._transport.write(content)

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:  # a fault of ours: the loop shows it
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(GARBLED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._end(RESET)
        self._lost(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        if name.lower() == b"server-timing":
            self._timing = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        if status < INTERIM_BELOW:
            return
        body, timing = b"".join(self._body), self._timing
        self._body, self._timing = [], None
        carried, self._carried = self._carried, None
        if carried is None:
            self._lost(self)  # an answer that nobody asked for: who knows whose the next one is
            self.abort()
            return
        found = VERSION.search(body) if status == SUCCESS else None
        version = sys.intern(found[1].decode("utf-8", "replace")) if found else None
        carried.answered(Reply(status, body, version, stages_ms(timing) if timing else None))
        if self._parser.should_keep_alive():
            self._freed(self)
        else:
            self._transport.close()

    def _end(self, outcome: str) -> None:
        carried, self._carried = self._carried, None
        if carried is not None:
            carried.failed(outcome)
        if outcome != RESET:
            self.abort()
