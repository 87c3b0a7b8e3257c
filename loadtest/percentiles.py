"""Percentiles by nearest rank: the least measured value that so many of all values do not exceed; none is interpolated."""

from collections.abc import Sequence
from math import ceil, inf
from typing import Protocol


class Timed(Protocol):
    """What took a time, and may have been good."""

    @property
    def latency_s(self) -> float:
        """How long it took."""

    def is_good(self, in_time_s: float) -> bool:
        """Whether it ended well."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Of values in ascending order; NaN where there are none."""
    if not ordered:
        return float("nan")
    # The product is rounded first: 0.99 * 100 is a little more than 99, and would be the 100th.
    return ordered[max(1, ceil(round(share * len(ordered), 9))) - 1]


def latencies_ms(points: Sequence[Timed], in_time_s: float) -> list[float]:
    """Ascending; what is not good never ends for its caller, so that a quick refusal makes no percentile better."""
    return sorted(1000 * point.latency_s if point.is_good(in_time_s) else inf for point in points)
