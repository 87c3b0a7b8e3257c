"""SIGTERM and SIGINT from the first moment on: while a model loads they end the process, later they begin a drain.

As process 1 of a container a process that has not said what a signal means does not even die of it.
"""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class EndSignals:
    """Handles both for the length of a `with`, in the task that it is made in, of the main thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._begin_drain: Callable[[int, FrameType | None], None] | None = None
        self._originals: dict[signal.Signals, Any] = {}
        self.has_ended_load = False
        """Whether a signal came while there was nothing to drain; the task was cancelled for it."""

    def __enter__(self) -> "EndSignals":
        self._originals = {each: signal.signal(each, self._handle) for each in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each, original in self._originals.items():
            signal.signal(each, original)

    def drain_by(self, begin_drain: Callable[[int, FrameType | None], None]) -> None:
        """Call this at each signal from now on."""
        self._begin_drain = begin_drain

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._begin_drain is not None:
            self._begin_drain(number, frame)
        elif self._task is not None:
            self.has_ended_load = True
            self._loop.call_soon_threadsafe(self._task.cancel)
