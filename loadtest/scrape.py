"""What the service's own /metrics say of its stages between two looks. Pure, but for the look itself."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from loadtest.address import Address
from loadtest.errors import ServiceAbsent
from loadtest.plain_http import ask

LINE = re.compile(r'^polyparse_stage_seconds_(sum|count)\{[^}]*stage="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)


class StageSums(NamedTuple):
    """Seconds and observations of each stage, over all versions."""

    seconds: Mapping[str, float]
    counts: Mapping[str, float]


def look(address: Address) -> StageSums | None:
    """The sums so far; None where the service shows none."""
    try:
        document = ask("GET", address, "/metrics")
    except ServiceAbsent:
        return None
    sums = sums_in(document.body)
    return sums if sums.counts else None


def sums_in(metrics: str) -> StageSums:
    """The sums in a page of metrics."""
    found: dict[str, dict[str, float]] = {"sum": {}, "count": {}}
    for kind, stage, value in LINE.findall(metrics):
        found[kind][stage] = found[kind].get(stage, 0.0) + float(value)
    return StageSums(found["sum"], found["count"])


def means_ms(before: StageSums | None, after: StageSums | None) -> dict[str, float]:
    """Mean milliseconds of each stage between two looks; one whose counts fell, as with a version, is left out."""
    if before is None or after is None:
        return {}
    means = {}
    for stage, count in after.counts.items():
        observed = count - before.counts.get(stage, 0.0)
        seconds = after.seconds.get(stage, 0.0) - before.seconds.get(stage, 0.0)
        if observed > 0 and seconds >= 0:
            means[stage] = 1000 * seconds / observed
    return means
