"""What Python's garbage collector takes of the process's time: it stops all threads while it runs."""

import gc
from collections.abc import Mapping

from service.clock import Clock
from service.metrics.labels import GENERATIONS


class GarbageWatch:
    """Counts collections and their time, by generation, until it is stopped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_s = 0.0
        self._collections = dict.fromkeys(GENERATIONS, 0)
        self._seconds = dict.fromkeys(GENERATIONS, 0.0)
        gc.callbacks.append(self._heard)

    def stop(self) -> None:
        """Be told no more."""
        gc.callbacks.remove(self._heard)

    def collections(self) -> Mapping[tuple[str, ...], float]:
        """How many there were, by generation."""
        return {(generation,): count for generation, count in self._collections.items()}

    def seconds(self) -> Mapping[tuple[str, ...], float]:
        """How long they took, by generation."""
        return {(generation,): seconds for generation, seconds in self._seconds.items()}

    def _heard(self, phase: str, info: Mapping[str, int]) -> None:
        """The collector begins or ends, in whichever thread; it never runs in two."""
        if phase == "start":
            self._started_s = self._clock()
            return
        generation = str(info["generation"])
        self._collections[generation] += 1
        self._seconds[generation] += self._clock() - self._started_s
