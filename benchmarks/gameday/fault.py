"""A fault: what is done, and by which metric, alert and query of a runbook it has to be seen."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from benchmarks.gameday.runbook import Cause
from benchmarks.gameday.site import Site


class Signal(NamedTuple):
    """A metric that has to move, by half of what it was at least: up, or down where `rises` is false."""

    metric: str
    expr: str
    rises: bool = True

    def has_moved(self, before: float, during: float) -> bool:
        """Whether it left where it was before, on the right side."""
        return during > 1.5 * before if self.rises else during < before / 1.5


class Fault(NamedTuple):
    """One way to break the site, for the length of a `with`.

    `history_s` is how long callers must have been asking before it, in seconds of the shipped windows.
    """

    name: str
    signal: Signal
    alert: str
    cause: Cause
    induced: Callable[[Site], AbstractContextManager[None]]
    history_s: float = 0
