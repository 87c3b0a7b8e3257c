"""A histogram of one thread: an observation costs a search in its buckets and two additions, and no lock."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from time import time
from typing import Any

from prometheus_client.core import Exemplar, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from service.metrics.definitions import Definition
from service.metrics.labelled import Labelled


class Series:
    """What was observed under one set of labels."""

    __slots__ = ("_bounds", "counts", "exemplars", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By bucket, each without those below it; the last one has no bound."""
        self.sum = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        """The latest of each bucket, where one was given."""

    def observe(self, value: float) -> None:
        """Count a value in the first bucket whose bound it does not exceed."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def observe_traced(self, value: float, labels: dict[str, str]) -> None:
        """Count a value, and remember the labels of its trace."""
        self.observe(value)
        self.exemplars[bisect_left(self._bounds, value)] = Exemplar(labels, value, time())


class Histogram(Labelled[Series]):
    """All series of a histogram; a collector of Prometheus' client."""

    def __init__(self, definition: Definition) -> None:
        bounds = [float(bound) for bound in definition.buckets]
        super().__init__(definition, partial(Series, bounds))
        self._names = [floatToGoString(bound) for bound in (*bounds, float("inf"))]  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """All of it as it stands."""
        definition = self._definition
        family = HistogramMetricFamily(definition.name, definition.help, labels=definition.labels)
        for values, series in self._series.items():
            counts = map(float, accumulate(series.counts))
            exemplars: Iterable[Any] = map(series.exemplars.get, range(len(self._names)))
            family.add_metric(values, list(zip(self._names, counts, exemplars, strict=True)), series.sum)
        yield family
