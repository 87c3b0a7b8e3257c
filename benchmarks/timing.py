"""Timing: several calls in turn, so that whatever else the machine does falls on all of them alike; medians."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

WARM_UP = 3
"""Untimed calls of each before the first timed one."""


def median_us(calls: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median microseconds of each call over rounds in which each is called once."""
    for call in calls.values():
        for _ in range(WARM_UP):
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started_s = perf_counter()
            call()
            seconds[name].append(perf_counter() - started_s)
    return {name: 1e6 * median(actual) for name, actual in seconds.items()}
