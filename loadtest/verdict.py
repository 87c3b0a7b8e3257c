"""Whether a run keeps the SLO: pass, fail, void where the load was not what it says, or unjudged. Pure."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from loadtest.slo import Slo
from loadtest.summary import Second, Summary

Word = Literal["pass", "fail", "void", "unjudged"]
MOST_OFF = 0.02
"""A run whose rate, as really sent, is off by more is void: it shows nothing of the load that it names."""
IN_A_ROW = 3
"""Seconds that miss the SLO one after the other before a load counts as too much: one may be chance."""
OPERATORS: Mapping[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}


class Check(NamedTuple):
    """One thing that must hold."""

    name: str
    found: float
    operator: str
    bound: float

    @property
    def is_met(self) -> bool:
        """Whether it holds; what is no number does not."""
        return OPERATORS[self.operator](self.found, self.bound)


class Verdict(NamedTuple):
    """The word, and why."""

    word: Word
    checks: Sequence[Check]


def judge(summary: Summary, slo: Slo, events_failed: int) -> Verdict:
    """Judge the phases that are to be judged."""
    sent = Check("rate_off", summary.off_share, "<=", MOST_OFF)
    events = Check("events_failed", events_failed, "<=", 0)
    checks = [sent, events]
    if (judged := summary.judged) is not None:
        checks = [
            Check("good_share", judged.good_share, ">=", slo.good_share),
            Check("p99_ms", judged.latency_ms["p99"], "<=", slo.p99_ms),
            *checks,
        ]
    if not sent.is_met:
        return Verdict("void", checks)
    if not all(check.is_met for check in checks):
        return Verdict("fail", checks)
    return Verdict("unjudged" if judged is None else "pass", checks)


def saturation_per_s(seconds: Sequence[Second], slo: Slo) -> float | None:
    """The load, in requests a second, at which the SLO began to be missed for good; None where it never was."""
    missed = [not _keeps(second, slo) for second in seconds]
    for number, second in enumerate(seconds):
        if all(missed[number : number + IN_A_ROW]) and number + IN_A_ROW <= len(seconds):
            return second.figures.per_s
    return None


def _keeps(second: Second, slo: Slo) -> bool:
    figures = second.figures
    return figures.good_share >= slo.good_share and figures.latency_ms["p99"] <= slo.p99_ms
