"""Cases of a kind, made by Hypothesis from a seed: one that fails is made as small as it can be, and kept."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException

from benchmarks.fuzz.case import Case

PART = 250
"""Cases that Hypothesis makes at once. Of each part the first fault is looked into."""


class Failed(NamedTuple):
    """A case that failed, the part that it is of, and what was wrong."""

    part: str
    case: Case
    faults: list[str]

    def __str__(self) -> str:
        return "\n".join([f"{self.part}: {self.case}", *(f"  -> {fault}" for fault in self.faults)])


class FaultFound(Exception):  # noqa: N818 - it is no error of the program that raises it
    """Tells Hypothesis that a case failed."""


class Drive:
    """Tries cases with `attempt`, which returns what was wrong; counts them, and keeps those that failed."""

    def __init__(self, attempt: Callable[[Case], list[str]]) -> None:
        self._attempt = attempt
        self.cases = 0
        self.failed: list[Failed] = []

    def run(self, kind: str, strategy: st.SearchStrategy[Case], number: int, count: int) -> None:
        """Try so many cases of a kind, from a seed that this number and the kind give."""
        for part in range(-(-count // PART)):
            name = f"{kind}, seed {number}, part {part}"
            self._run(name, strategy, min(PART, count - part * PART))

    def _run(self, name: str, strategy: st.SearchStrategy[Case], count: int) -> None:
        latest: list[Failed] = []

        @seed(name)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(strategy)
        def try_one(case: Case) -> None:
            self.cases += 1
            if faults := self._attempt(case):
                latest[:] = [Failed(name, case, faults)]
                raise FaultFound

        try:
            try_one()
        except (FaultFound, HypothesisException):
            self.failed += latest
