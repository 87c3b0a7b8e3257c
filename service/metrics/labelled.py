"""Series by the values of their labels. One thread uses them, so that recording takes no lock."""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from service.metrics.definitions import Definition

SeriesT = TypeVar("SeriesT")


class Labelled(Generic[SeriesT]):
    """All series of one metric."""

    def __init__(self, definition: Definition, make: Callable[[], SeriesT]) -> None:
        self._definition = definition
        self._make = make
        self._series: dict[tuple[str, ...], SeriesT] = {}

    def labels(self, *values: str) -> SeriesT:
        """The series of some labels, in the order of their definition; it is made where it is not there."""
        if (series := self._series.get(values)) is None:
            series = self._series[values] = self._make()
        return series

    def remove_by_labels(self, labels: Mapping[str, str]) -> None:
        """Remove all series that have these labels."""
        places = {self._definition.labels.index(name): value for name, value in labels.items()}
        for values in list(self._series):
            if all(values[place] == value for place, value in places.items()):
                del self._series[values]
