"""Prometheus' text format as data, and several workers' as one: how the samples of each family combine."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from prometheus_client.utils import floatToGoString

Samples = Mapping[str, Mapping[str, float]]
"""Family -> series, as the text format names it with its labels -> value."""

COUNTERS = ("counter", "histogram", "summary")
"""Types whose samples only grow, and are summed."""
COMBINE: Mapping[str, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}
VERSION = re.compile(r'[{,]version="((?:[^"\\]|\\.)*)"')


class Family(NamedTuple):
    """One metric: the two lines that explain it, its type, and its samples by series."""

    head: str
    kind: str
    series: dict[str, float]


def read_text(text: str) -> dict[str, Family]:
    """The families of a text, in their order; each begins with its lines HELP and TYPE."""
    families: dict[str, Family] = {}
    head, series = "", dict[str, float]()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            head = line
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            series = {}
            families[name] = Family(f"{head}\n{line}\n", kind, series)
        else:
            key, _, value = line.rpartition(" ")
            series[key] = float(value)
    return families


def split(families: Mapping[str, Family]) -> tuple[Samples, Samples]:
    """The samples that count, and those that are of the moment."""
    counts: dict[str, dict[str, float]] = {}
    moments: dict[str, dict[str, float]] = {}
    for name, family in families.items():
        (counts if family.kind in COUNTERS else moments)[name] = family.series
    return counts, moments


def add(samples: Iterable[Samples]) -> dict[str, dict[str, float]]:
    """The sum of some samples, series by series."""
    total: dict[str, dict[str, float]] = {}
    for each in samples:
        for name, series in each.items():
            sums = total.setdefault(name, {})
            for key, value in series.items():
                sums[key] = sums.get(key, 0.0) + value
    return total


def combine(samples: Iterable[Samples], rules: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Gauges as one, each by its rule; of one that has none, the largest."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for each in samples:
        for name, series in each.items():
            for key, value in series.items():
                values[name][key].append(value)
    return {
        name: {key: COMBINE[rules.get(name, "max")](found) for key, found in series.items()}
        for name, series in values.items()
    }


def versions_in(samples: Iterable[Samples], family: str) -> set[str]:
    """The versions that a family of some workers has series of."""
    keys = (key for each in samples for key in each.get(family, ()))
    return {version for key in keys if (version := version_of(key)) is not None}


def version_of(key: str) -> str | None:
    """The version that a series is of, as it stands there."""
    match = VERSION.search(key)
    return None if match is None else match[1]


def without_gone(samples: Samples, present: set[str]) -> dict[str, dict[str, float]]:
    """Samples without the series of versions that are gone; a series of no version has an empty one, or none."""
    return {
        name: {
            key: value
            for key, value in series.items()
            if not (version := version_of(key)) or version in present
        }
        for name, series in samples.items()
    }


def write_text(families: Mapping[str, Family], samples: Samples) -> bytes:
    """The text of some samples, explained by the families of one worker."""
    lines: list[str] = []
    for name, family in families.items():
        lines.append(family.head)
        lines += [f"{key} {_shown(value)}\n" for key, value in samples.get(name, {}).items()]
    return "".join(lines).encode()


def _shown(value: float) -> str:
    """As Prometheus' own client writes it."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]
