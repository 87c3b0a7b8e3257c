"""Looks at the inference threads now and then: a log line when one begins to hang, and when none does any more."""

import asyncio
import logging
from collections.abc import Callable

from service.batching.policy import ThreadStates

LOOKS = 10
"""How often it looks in the time after which a thread hangs."""

logger = logging.getLogger(__name__)


class HangWatch:
    """Made, used and stopped in the event loop's thread."""

    def __init__(self, states: Callable[[], ThreadStates], *, hang_timeout_s: float) -> None:
        self._states = states
        self._hang_timeout_s = hang_timeout_s
        self._hung = 0
        self._loop = asyncio.get_running_loop()
        self._timer = self._schedule()

    def look(self) -> None:
        """Say what has changed since the last look."""
        states = self._states()
        fields = {"hung": states.hung, "threads": sum(states), "hang_timeout_s": self._hang_timeout_s}
        if states.hung > self._hung:
            logger.error("an inference thread hangs in its batch", extra=fields)
        elif self._hung and not states.hung:
            logger.warning("no inference thread hangs any more", extra=fields)
        self._hung = states.hung

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _schedule(self) -> asyncio.TimerHandle:
        return self._loop.call_later(self._hang_timeout_s / LOOKS, self._tick)

    def _tick(self) -> None:
        self.look()
        self._timer = self._schedule()
