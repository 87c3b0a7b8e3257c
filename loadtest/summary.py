"""What a run found, in figures: by phase, by second, by stage. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from statistics import fmean
from typing import NamedTuple

from loadtest.percentiles import latencies_ms, percentile
from loadtest.points import Point
from loadtest.schedule import Segment
from loadtest.slo import Slo

SHARES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
REST = "rest"
"""Of a latency, what is no stage of the service: network, HTTP, what waits before its clock starts, and the generator."""


class Figures(NamedTuple):
    """Of some requests; a latency is in milliseconds, and infinite where as many are not good."""

    requests: int
    per_s: float
    good_share: float
    latency_ms: Mapping[str, float]
    outcomes: Mapping[str, int]


class Second(NamedTuple):
    """The requests that were meant to be sent within one second."""

    start_s: float
    figures: Figures
    versions: Mapping[str, int]
    stages_ms: Mapping[str, float]


class StageTime(NamedTuple):
    """Milliseconds of a stage, over the requests that asked for them; `all_mean_ms` is /metrics' mean over all."""

    mean_ms: float
    p50_ms: float
    p99_ms: float
    all_mean_ms: float | None


class Summary(NamedTuple):
    """Of a whole run; `judged` is None where no phase is."""

    judged: Figures | None
    phases: Mapping[str, Figures]
    seconds: Sequence[Second]
    stages: Mapping[str, StageTime]
    off_share: float
    """By how much the generator missed the rate of the worst segment that is judged, or of all where none is."""
    lag_ms: Mapping[str, float]
    """How late the generator turned to its requests: part of every latency, and not the service's."""


def summarise(
    points: Sequence[Point], cut: Sequence[Segment], slo: Slo, all_means_ms: Mapping[str, float]
) -> Summary:
    """The figures of at least one request, whichever order they are in."""
    points = sorted(points, key=lambda point: point.intended_s)
    in_time_s = slo.in_time_ms / 1000
    parts = _by_segment(points, cut)
    phases: dict[str, list[int]] = defaultdict(list)
    for number, segment in enumerate(cut):
        phases[segment.phase].append(number)
    judged = [number for number, segment in enumerate(cut) if segment.judged]

    def of(numbers: Sequence[int]) -> Figures:
        within = [point for number in numbers for point in parts[number]]
        return figures(within, sum(cut[number].seconds for number in numbers), in_time_s)

    return Summary(
        judged=of(judged) if judged else None,
        phases={name: of(numbers) for name, numbers in phases.items()},
        seconds=_seconds(points, in_time_s),
        stages=_stages(points, all_means_ms),
        off_share=max(off_share(cut[number], parts[number]) for number in judged or range(len(cut))),
        lag_ms=_lag_ms(points),
    )


def figures(points: Sequence[Point], seconds: float, in_time_s: float) -> Figures:
    """Of requests that were meant to be sent within so many seconds."""
    ordered = latencies_ms(points, in_time_s)
    good = sum(latency < inf for latency in ordered)
    return Figures(
        requests=len(points),
        per_s=len(points) / seconds,
        good_share=good / len(points) if points else float("nan"),
        latency_ms={name: percentile(ordered, share) for name, share in SHARES.items()},
        outcomes=Counter(point.outcome_by(in_time_s) for point in points),
    )


def off_share(segment: Segment, points: Sequence[Point]) -> float:
    """By how much the rate was missed at which the generator turned to a segment's requests within its time.

    One request is nobody's fault: the last may be due a moment before the end.
    """
    turned = sum(point.turned_s <= segment.end_s for point in points)
    return max(0, len(points) - turned - 1) / len(points) if points else 0.0


def _by_segment(points: Sequence[Point], cut: Sequence[Segment]) -> list[list[Point]]:
    """The points of each segment; points are in order."""
    parts: list[list[Point]] = [[] for _ in cut]
    number = 0
    for point in points:
        while number < len(cut) - 1 and point.intended_s >= cut[number].end_s:
            number += 1
        parts[number].append(point)
    return parts


def _seconds(points: Sequence[Point], in_time_s: float) -> list[Second]:
    by_second: dict[int, list[Point]] = defaultdict(list)
    for point in points:
        by_second[int(point.intended_s)].append(point)
    return [
        Second(
            start_s=float(second),
            figures=figures(within, 1.0, in_time_s),
            versions=Counter(point.version for point in within if point.version is not None),
            stages_ms={stage: fmean(times) for stage, times in _times(within).items()},
        )
        for second, within in sorted(by_second.items())
    ]


def _stages(points: Sequence[Point], all_means_ms: Mapping[str, float]) -> dict[str, StageTime]:
    found = {}
    for stage, times in _times(points).items():
        ordered = sorted(times)
        p50_ms, p99_ms = percentile(ordered, 0.5), percentile(ordered, 0.99)
        found[stage] = StageTime(fmean(times), p50_ms, p99_ms, all_means_ms.get(stage))
    return found


def _times(points: Sequence[Point]) -> dict[str, list[float]]:
    """Milliseconds by stage, and the rest, of the requests that know them."""
    times: dict[str, list[float]] = defaultdict(list)
    for point in points:
        if point.stages_ms:
            for stage, milliseconds in point.stages_ms.items():
                times[stage].append(milliseconds)
            times[REST].append(max(0.0, 1000 * point.latency_s - sum(point.stages_ms.values())))
    return times


def _lag_ms(points: Sequence[Point]) -> dict[str, float]:
    ordered = sorted(1000 * (point.turned_s - point.intended_s) for point in points)
    return {name: percentile(ordered, SHARES[name]) for name in ("p50", "p99", "max")}
