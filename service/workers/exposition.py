"""Metrics as data that workers can give each other, and several workers' as one: how the samples of each family combine.

What Prometheus' client collects is read, and what it can write is made of it, in whichever of its formats.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import Exemplar
from prometheus_client.registry import Collector

Samples = Mapping[str, Mapping[str, float]]
"""Family -> series -> value. A series is the JSON of its name and its labels."""
Exemplars = Mapping[str, tuple[Mapping[str, str], float, float]]
"""Series -> labels, value and moment (Unix time in seconds) of the latest observation that has a trace."""

COUNTERS = ("counter", "histogram", "summary")
"""Types whose samples only grow, and are summed."""
COMBINE: Mapping[str, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}


class Family(NamedTuple):
    """One metric: what explains it, its type, and its samples by series."""

    help: str
    kind: str
    series: dict[str, float]
    exemplars: Exemplars


class Combined(Collector):
    """Samples, explained by the families of one worker, to be written by Prometheus' client."""

    def __init__(self, families: Mapping[str, Family], samples: Samples, exemplars: Exemplars) -> None:
        self._families, self._samples, self._exemplars = families, samples, exemplars

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        for name, family in self._families.items():
            metric = Metric(name, family.help, family.kind)
            for key, value in self._samples.get(name, {}).items():
                series, labels = json.loads(key)
                traced = self._exemplars.get(key)
                metric.add_sample(
                    series, labels, value, exemplar=traced and Exemplar(dict(traced[0]), *traced[1:])
                )
            yield metric


def series_of(name: str, labels: Mapping[str, str]) -> str:
    """What identifies a series among those of all workers."""
    return json.dumps([name, labels])


def labels_of(key: str) -> Mapping[str, str]:
    """The labels of a series."""
    labels: Mapping[str, str] = json.loads(key)[1]
    return labels


def read(collector: Collector) -> dict[str, Family]:
    """The families of a worker as they stand, in their order."""
    families = {}
    for metric in collector.collect():
        keys = [series_of(sample.name, sample.labels) for sample in metric.samples]
        families[metric.name] = Family(
            metric.documentation,
            metric.type,
            {key: float(sample.value) for key, sample in zip(keys, metric.samples, strict=True)},
            {
                key: (sample.exemplar.labels, sample.exemplar.value, float(sample.exemplar.timestamp or 0))
                for key, sample in zip(keys, metric.samples, strict=True)
                if sample.exemplar is not None
            },
        )
    return families


def split(families: Mapping[str, Family]) -> tuple[Samples, Samples]:
    """The samples that count, and those that are of the moment."""
    counts: dict[str, dict[str, float]] = {}
    moments: dict[str, dict[str, float]] = {}
    for name, family in families.items():
        (counts if family.kind in COUNTERS else moments)[name] = family.series
    return counts, moments


def exemplars_of(families: Mapping[str, Family]) -> Exemplars:
    """The exemplars of a worker, whatever their family."""
    return {key: traced for family in families.values() for key, traced in family.exemplars.items()}


def latest(exemplars: Iterable[Exemplars]) -> Exemplars:
    """Of each series the exemplar that is the youngest of all workers'."""
    found: dict[str, tuple[Mapping[str, str], float, float]] = {}
    for each in exemplars:
        for key, traced in each.items():
            if key not in found or traced[-1] > found[key][-1]:
                found[key] = traced
    return found


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
    """The version that a series is of."""
    return labels_of(key).get("version")


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
