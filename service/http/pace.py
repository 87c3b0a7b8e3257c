"""How fast requests are refused: past a share of the event loop's time, each is told so, and read on, only at its turn.

A refusal costs some tens of microseconds. Callers who ask again at once, or many times what the service can do, would take
the time of those who were let in. What a refusal costs here and now is measured, on the processor time of the thread: a slow
core refuses fewer, and one that others take for a while is none of its cost.
"""

import time

from service.clock import Clock

SHARE = 1 / 3
"""Of the event loop's time that refusals may take. At two fifths a core does less for those it lets in (0.57 of what it can
at three times the load, here 0.75), and those beside heavy callers wait longer."""
BURST = 400
"""So many at once come before their turn."""
DEAR = 8
"""Turns of a refusal for which a body was read."""
SAMPLED = 16
"""One of so many looks at a connection is measured: a look at the clock of the thread costs a system call."""
BESIDE = 3.0
"""Times what is measured: finding and reading the socket, and writing the answer, are two thirds, mostly the kernel's."""
WEIGHT = 1 / 32
"""Of the latest cost in the mean."""
FIRST_S = 50e-6
"""What a refusal is taken to cost until one was measured."""


class Pace:
    """Gives a turn to each refusal. `cpu` is the clock of the event loop's thread, which only runs while the thread does."""

    def __init__(self, cpu: Clock = time.thread_time, *, share: float = SHARE, burst: int = BURST) -> None:
        self._cpu = cpu
        self._share = share
        self._burst = burst
        self._looks = 0
        self._began_s: float | None = None
        self._next_s = 0.0
        self.cost_s = FIRST_S
        """What a refusal costs, all in all."""

    def begin(self) -> None:
        """What a connection has got is looked at; it may be a refusal."""
        self._looks += 1
        self._began_s = self._cpu() if self._looks % SAMPLED == 0 else None

    def refused(self) -> None:
        """It was one, and its answer is written."""
        if self._began_s is not None:
            self.cost_s += WEIGHT * (BESIDE * (self._cpu() - self._began_s) - self.cost_s)
            self._began_s = None

    def delay_s(self, now_s: float, *, turns: int = 1) -> float:
        """How long the connection of a refusal is to wait; 0 where they are few. One takes as many turns as it is dear."""
        turn_s = self.cost_s / self._share
        self._next_s = max(self._next_s + turns * turn_s, now_s - self._burst * turn_s)
        return max(0.0, self._next_s - now_s)
