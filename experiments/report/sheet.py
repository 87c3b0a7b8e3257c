"""What a report is made of: sheets of cells that are ready to print, some with a plot, and the studies that have them."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from experiments.ratios import RATIOS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MISSING = "–"
DOWN = " ↓"
"""Behind the title of a measure that is better when it is lower."""


class Sheet(NamedTuple):
    """A table under a title; `plot` is an SVG that shows the same figures, which Markdown does without."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    plot: str | None = None


class StudyReport(NamedTuple):
    """All that is said of one study; `facts` are by their names, `limits` what its data cannot tell."""

    title: str
    paper: str
    facts: Mapping[str, str]
    sheets: Sequence[Sheet]
    limits: Sequence[str]
    commands: Sequence[str]


def heading(measure: str) -> str:
    """The title of a measure, with its direction where that is not the usual one."""
    found = RATIOS[measure]
    return f"{found.title}{DOWN if found.is_rate else ''}"


def percent(value: float, *, digits: int = 2) -> str:
    """A fraction in hundredths."""
    return MISSING if isnan(value) else f"{100 * value:.{digits}f}"


def signed(value: float) -> str:
    """A difference of fractions in hundredths, with its sign."""
    return MISSING if isnan(value) else f"{100 * value:+.2f}"


def spread(value: float, sd: float, n_seeds: int) -> str:
    """Mean and standard deviation in hundredths; without the second of one seed."""
    return percent(value) if n_seeds < 2 else f"{percent(value)} ± {percent(sd)}"


def thousandths(value: float) -> str:
    """A ratio as the papers print it."""
    return MISSING if isnan(value) else f"{value:.3f}"
