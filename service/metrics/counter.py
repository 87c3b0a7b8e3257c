"""A counter of one thread: counting costs an addition, and no lock."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily

from service.metrics.definitions import Definition
from service.metrics.labelled import Labelled


class Count:
    """What was counted under one set of labels."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Count so many more, at least 0."""
        self.value += amount


class Counter(Labelled[Count]):
    """All series of a counter; a collector of Prometheus' client."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(definition, Count)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """All of it as it stands."""
        family = CounterMetricFamily(
            self._definition.name, self._definition.help, labels=self._definition.labels
        )
        for values, count in self._series.items():
            family.add_metric(values, count.value)
        yield family
