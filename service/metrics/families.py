"""The families of one registry, each made of its definition. What is not defined cannot be recorded."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily

from service.metrics.counter import Counter
from service.metrics.definitions import BY_NAME, Definition
from service.metrics.histogram import Histogram

FamilyT = TypeVar("FamilyT", Counter, Histogram)
Counts = Callable[[], Mapping[tuple[str, ...], float]]
"""Gives the counts of others, by the values of the labels."""
OF_A_VERSION = "version"
"""The label whose series go with their version."""


class Families:
    """Gives each family once. Families of counts forget a version that is gone."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._counted: list[Counter | Histogram] = []

    def counter(self, name: str) -> Counter:
        """The counter of this name."""
        return self._kept(Counter(_defined(name, "counter")), name)

    def gauge(self, name: str) -> Gauge:
        """The gauge of this name."""
        definition = _defined(name, "gauge")
        return Gauge(name, definition.help, definition.labels, registry=self.registry)

    def histogram(self, name: str) -> Histogram:
        """The histogram of this name."""
        return self._kept(Histogram(_defined(name, "histogram")), name)

    def counted(self, name: str, counts: Counts) -> None:
        """Let the counter of this name show what others count, asked for at each scrape."""
        self.registry.register(CountedElsewhere(_defined(name, "counter"), counts))

    def forget_version(self, number: str) -> None:
        """Remove the series of a version that is gone."""
        for family in self._counted:
            family.remove_by_labels({OF_A_VERSION: number})

    def _kept(self, family: FamilyT, name: str) -> FamilyT:
        self.registry.register(family)
        if OF_A_VERSION in BY_NAME[name].labels:
            self._counted.append(family)
        return family


class CountedElsewhere:
    """A counter that others count; a collector of Prometheus' client."""

    def __init__(self, definition: Definition, counts: Counts) -> None:
        self._definition = definition
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The counter as it stands."""
        family = CounterMetricFamily(
            self._definition.name, self._definition.help, labels=self._definition.labels
        )
        for values, count in self._counts().items():
            family.add_metric(values, count)
        yield family


def _defined(name: str, kind: str) -> Definition:
    definition = BY_NAME[name]
    assert definition.kind == kind, f"{name} is a {definition.kind}"  # noqa: S101 - a mistake of ours, found by any test
    return definition
