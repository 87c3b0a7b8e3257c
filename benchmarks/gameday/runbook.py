"""The queries of a runbook, as whoever was paged would copy them out of its `promql` blocks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.command import ROOT
from benchmarks.prometheus import Series
from monitoring.rule import RANGE, duration

FOLDER = ROOT / "docs" / "runbooks"
BLOCK = re.compile(r"^```promql\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


class Query(NamedTuple):
    """An expression, and the comment over it, which says what it shows."""

    shows: str
    expr: str


class Cause(NamedTuple):
    """What a query over a metric has to point at: the label's value on the series that is furthest beyond a bound.

    Above the bound the largest counts, or, where `is_above` is false, below it the smallest.
    """

    metric: str
    label: str
    value: str
    bound: float
    is_above: bool = True

    def is_asked_by(self, query: Query) -> bool:
        """Whether a query is about the metric."""
        return self.metric in query.expr

    def is_named_by(self, series: Sequence[Series]) -> bool:
        """Whether the answer to a query points at it."""
        if not series:
            return False
        sign = 1 if self.is_above else -1
        furthest = max(series, key=lambda each: sign * each.values[-1])
        return (
            sign * furthest.values[-1] > sign * self.bound and furthest.labels.get(self.label) == self.value
        )

    def at(self, places: Mapping[str, str]) -> "Cause":
        """It, where the value is the name of a place; any other is itself."""
        return self._replace(value=places.get(self.value, self.value))


def of_alert(alert: str, scale: float) -> list[Query]:
    """The queries of an alert's runbook, with windows `scale` times as long as they are written."""
    text = FOLDER.joinpath(f"{alert}.md").read_text(encoding="utf-8")
    return [query._replace(expr=scaled(query.expr, scale)) for query in queries(text)]


def queries(text: str) -> Iterator[Query]:
    """All queries of a runbook: a line each, below a comment."""
    for block in BLOCK.findall(text):
        shows = ""
        for line in block.splitlines():
            if line.startswith("#"):
                shows = line.removeprefix("#").strip()
            elif line:
                yield Query(shows, line)


def scaled(expr: str, scale: float) -> str:
    """An expression with windows `scale` times as long."""
    return RANGE.sub(lambda found: duration(found[0], scale), expr)
