"""What a dashboard shows: rows of panels, each with the queries that draw it."""

from typing import NamedTuple

JOB = 'job=~"$job"'
"""The selector of the dashboard's variable."""
INTERVAL = "$__rate_interval"
"""Grafana's variable: a window of some scrapes."""


class Query(NamedTuple):
    """An expression over time, and how each of its series is called."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """A graph over time; `unit` is Grafana's name for what the axis counts."""

    title: str
    unit: str
    queries: tuple[Query, ...]
    description: str = ""
    cuda_only: bool = False
    """Whether it has data only where the model runs on a GPU."""


class PanelRow(NamedTuple):
    """Panels about one thing."""

    title: str
    panels: tuple[Panel, ...]


def panel(title: str, unit: str, *queries: tuple[str, str], about: str = "") -> Panel:
    """A panel of (expression, legend) each."""
    return Panel(title, unit, tuple(Query(*each) for each in queries), about)


def rate(counter: str, by: str = "") -> str:
    """The sum of a counter's rates over all processes, by some labels."""
    return f"sum by ({by}) (rate({selected(counter)}[{INTERVAL}]))"


def quantile(share: float, histogram: str, by: str = "", where: str = "") -> str:
    """A quantile of a histogram over all processes, by some labels."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket{{{where}}}', labels)})"


def mean(histogram: str, by: str = "") -> str:
    """The mean of what a histogram observed, by some labels."""
    return f"{rate(f'{histogram}_sum', by)} / {rate(f'{histogram}_count', by)}"


def share(part: str, whole: str, *, by: str) -> str:
    """A part of a whole, where only the part has a label."""
    return f"{part} / ignoring ({by}) group_left () ({whole} > 0)"


def total(metric: str, by: str = "") -> str:
    """The sum of a metric over all processes, by some labels."""
    return f"sum by ({by}) ({selected(metric)})"


def selected(metric: str) -> str:
    """A metric, with labels in braces or without, of the jobs that are looked at."""
    name, _, labels = metric.rstrip("}").partition("{")
    return f"{name}{{{', '.join(filter(None, (JOB, labels)))}}}"
