"""What uvicorn's connection is made of, where ours differs: its flow control, its transport, a request answered early."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl

NOBODY_WAITS = asyncio.Event()


class AnsweredFromHead:
    """What stands for the cycle of a request that was answered before one was made."""

    __slots__ = (
        "disconnected",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "response_started",
    )

    def __init__(self) -> None:
        self.response_started = self.response_complete = True
        self.more_body = True
        self.keep_alive = True
        self.disconnected = False
        self.message_event = NOBODY_WAITS


class HeldFlow(FlowControl):
    """uvicorn's flow control, which reads on only where no request is ahead of its answer."""

    def __init__(self, transport: asyncio.Transport, is_ahead: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._is_ahead = is_ahead

    def resume_reading(self) -> None:
        """Read on, if that is right."""
        if not self._is_ahead():
            super().resume_reading()

    def release(self) -> None:
        """Read on in any case."""
        super().resume_reading()


class Ending:
    """A connection as the cycle of a request sees it: what it closes is finished."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(
        self, transport: asyncio.Transport, close: Callable[[], None], is_closing: Callable[[], bool]
    ) -> None:
        self.write = transport.write
        self.close = close
        self.is_closing = is_closing
