"""A rule of Prometheus. Expressions are written with the shipped windows; `scaled` shrinks all of them by one factor."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

Severity = Literal["page", "ticket"]
UNITS_MS: Mapping[str, int] = MappingProxyType(
    {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
)
RANGE = re.compile(r"(?<=\[)\d+(?:ms|[smhd])(?=\])")
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Record:
    """A series that is computed once and kept. A window in its name is the shipped one, whatever the scale."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=lambda: NONE)


@dataclass(frozen=True)
class Alert:
    """What somebody is told of: at once (`page`) or in working hours (`ticket`), once it held for a time."""

    name: str
    expr: str
    severity: Severity
    summary: str
    description: str
    holds_for: str = "0s"


@dataclass(frozen=True)
class RuleGroup:
    """Rules that are evaluated one after the other: all of them records, or all of them alerts."""

    name: str
    rules: tuple[Record | Alert, ...]


def scaled(rule: Record | Alert, scale: float) -> Record | Alert:
    """The rule with each of its windows `scale` times as long, down to a millisecond."""
    expr = RANGE.sub(lambda found: duration(found[0], scale), rule.expr)
    if isinstance(rule, Alert):
        return replace(rule, expr=expr, holds_for=duration(rule.holds_for, scale))
    return replace(rule, expr=expr)


def duration(shipped: str, scale: float) -> str:
    """A duration of Prometheus, such as "5m", times the scale."""
    number, unit = re.fullmatch(r"(\d+)(\w+)", shipped).groups()  # type: ignore[union-attr]  # our own tables
    return shipped if scale == 1 else f"{round(int(number) * UNITS_MS[unit] * scale)}ms"
