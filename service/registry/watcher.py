"""Watches what is wished, in a thread of its own, and tells the event loop when it changes. What cannot be read is no wish.

It reads the state again and again rather than wait for events of the file system, which network file systems do not send.
Two readings in a row must agree on the files of a bundle: one that is being copied is not tried at each step.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import NamedTuple, Protocol

from polyparse.errors import NotFetched, PolyparseError
from service.registry.policy import Desired


class Source(Protocol):
    """Tells what is wished."""

    def read(self) -> Desired:
        """The wish as it stands now, or a PolyparseError."""


class Heard(NamedTuple):
    """The last wish that could be read and is here, whether the latest could be read, and whether memory is short."""

    desired: Desired
    is_readable: bool
    is_memory_short: bool


logger = logging.getLogger(__name__)


class Watcher:
    """Reads a source every `interval_s` and tells what is new. Made in the event loop's thread."""

    def __init__(
        self,
        source: Source,
        first: Desired,
        tell: Callable[[Heard], None],
        *,
        is_memory_short: Callable[[], bool],
        after_look: Callable[[], None] = lambda: None,
        interval_s: float,
    ) -> None:
        """`after_look` is called in the watcher's thread after each reading, and may write files."""
        self._source = source
        self._tell = tell
        self._is_memory_short = is_memory_short
        self._after_look = after_look
        self._interval_s = interval_s
        self._loop = asyncio.get_running_loop()
        self._ended = Event()
        self._revision = first.revision
        self._told = Heard(first, is_readable=True, is_memory_short=False)
        self._problem = ""

    def start(self) -> None:
        """Begin to watch."""
        Thread(target=self._watch, name="state-watcher", daemon=True).start()

    def stop(self) -> None:
        """Watch no more. Does not wait."""
        self._ended.set()

    def look(self) -> None:
        """Read once, and tell the event loop what is new."""
        try:
            desired, problem, is_readable = self._settled(self._source.read()), "", True
        except Exception as error:  # A thread that ended would follow no wish any more.
            is_known = isinstance(error, PolyparseError | OSError)
            desired, is_readable = self._told.desired, isinstance(error, NotFetched)
            problem = str(error) if is_known else f"found {type(error).__name__} ({error}), expected a state"
        if problem and problem != self._problem:
            level, what = (logging.WARNING, "awaited") if is_readable else (logging.ERROR, "refused")
            logger.log(level, "state %s, the last good one holds: %s", what, problem)
        self._problem = problem
        heard = Heard(desired, is_readable, self._is_memory_short())
        if heard != self._told or heard.is_memory_short:  # A shortage is said again while it lasts.
            self._told = heard
            with suppress(RuntimeError):  # The loop is closed.
                self._loop.call_soon_threadsafe(self._tell, heard)

    def _settled(self, desired: Desired) -> Desired:
        """The wish, with the files of its bundles as they were told before while they change."""
        is_settled = desired.revision == self._revision
        self._revision = desired.revision
        told = self._told.desired
        is_other = (desired.stable, desired.candidates) != (told.stable, told.candidates)
        return desired if is_settled or is_other else desired._replace(revision=told.revision)

    def _watch(self) -> None:
        while not self._ended.wait(self._interval_s):
            self.look()
            self._after_look()
