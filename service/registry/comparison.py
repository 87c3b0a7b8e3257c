"""How a canary compares with the stable version beside it: a function of what was counted of both over the same time.

A difference counts only where chance does not explain it: a bound must be exceeded by the near end of an interval that is
DEVIATIONS standard deviations wide to each side. The question is asked again and again, and must not be answered by luck.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from polyparse.bundle.status import Verdict

DEVIATIONS = 3.0
LEAST_RUNS = 30
"""So many runs of a version make its mean time about normal."""


class Spent(NamedTuple):
    """The run that parsed an utterance: how long it took, how many tokens it had with padding, and how many items."""

    seconds: float
    tokens: int
    items: int


@dataclass(slots=True)
class Times:
    """Runs of about one size: their number, their seconds, and the squares of these."""

    runs: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0

    def add(self, runs: float, seconds: float, squares: float) -> None:
        """Count more of them."""
        self.runs += runs
        self.seconds += seconds
        self.squares += squares

    @property
    def mean(self) -> float:
        """Of their seconds."""
        return self.seconds / self.runs

    @property
    def variance(self) -> float:
        """Of their seconds."""
        return max(0.0, self.squares / self.runs - self.mean * self.mean)


@dataclass(slots=True)
class Observed:
    """Utterances that ended on a version, those of them that failed, and the times of the others' runs by size."""

    ended: int = 0
    failed: int = 0
    times: dict[int, Times] = field(default_factory=dict)

    def add(self, spent: Spent | None) -> None:
        """Count one that a run parsed, of which it is a part like all its items, or, by None, one that failed."""
        self.ended += 1
        if spent is None:
            self.failed += 1
            return
        part, seconds = 1 / spent.items, spent.seconds
        times = self.times.setdefault(round(4 * math.log2(max(1, spent.tokens))), Times())
        times.add(part, part * seconds, part * seconds * seconds)

    def plus(self, other: "Observed") -> "Observed":
        """Both together."""
        both = Observed(self.ended + other.ended, self.failed + other.failed)
        for tally in (self, other):
            for size, times in tally.times.items():
                both.times.setdefault(size, Times()).add(times.runs, times.seconds, times.squares)
        return both


class Bounds(NamedTuple):
    """How many utterances each of the two needs; how much more may fail, as a share; how much longer a run may take."""

    min_requests: int = 100
    error_margin: float = 0.02
    latency_ratio: float = 1.5


class Judgement(NamedTuple):
    """A verdict, and the figures behind it in words."""

    verdict: Verdict
    reason: str


class Estimate(NamedTuple):
    """A number, and the least that it is once chance is allowed for."""

    value: float
    low: float


def judge(canary: Observed, stable: Observed, bounds: Bounds) -> Judgement:
    """Unhealthy where a bound is exceeded for sure, healthy where none is, undecided between, or on too few utterances."""
    counts = (
        f"{canary.failed} of {canary.ended} utterances failed, "
        f"of the stable version's {stable.failed} of {stable.ended}"
    )
    if min(canary.ended, stable.ended) < bounds.min_requests:
        return Judgement("undecided", f"{counts}; a verdict needs {bounds.min_requests} of each")
    errors, latency = error_rise(canary, stable), latency_ratio(canary, stable)
    figures = f"{counts}; a run took {latency.value:.2f} times as long"
    if errors.low > bounds.error_margin:
        return Judgement(
            "unhealthy",
            f"{figures}: for sure {100 * errors.low:.1f} points more fail, expected at most {100 * bounds.error_margin:g}",
        )
    if latency.low > bounds.latency_ratio:
        return Judgement(
            "unhealthy", f"{figures}, for sure {latency.low:.2f}, expected at most {bounds.latency_ratio:g}"
        )
    is_within = errors.value <= bounds.error_margin and latency.value <= bounds.latency_ratio
    return Judgement("healthy" if is_within else "undecided", figures)


def error_rise(canary: Observed, stable: Observed) -> Estimate:
    """The canary's share of failures less the stable version's (Newcombe 1998, method 10: of two Wilson intervals)."""
    low, rate, _ = _wilson(canary)
    _, stable_rate, stable_high = _wilson(stable)
    rise = rate - stable_rate
    return Estimate(rise, rise - math.hypot(rate - low, stable_high - stable_rate))


def latency_ratio(canary: Observed, stable: Observed) -> Estimate:
    """The time of the canary's runs over the time that the stable version takes for runs of the same sizes.

    Sizes that only one of them has had say nothing: a candidate has smaller batches, and a caller of large ones may be its.
    """
    runs = took = expected = variance = stable_variance = 0.0
    for size, times in canary.times.items():
        stable_times = stable.times.get(size)
        if stable_times is not None:
            runs += times.runs
            took += times.seconds
            expected += times.runs * stable_times.mean
            variance += times.runs * times.variance
            stable_variance += times.runs**2 * stable_times.variance / stable_times.runs
    if not took or not expected:
        return Estimate(1.0, 0.0)
    deviation = math.hypot(math.sqrt(variance) / took, math.sqrt(stable_variance) / expected)
    ratio = took / expected
    return Estimate(ratio, ratio * math.exp(-DEVIATIONS * deviation) if runs >= LEAST_RUNS else 0.0)


def _wilson(tally: Observed) -> tuple[float, float, float]:
    """The least, the actual and the highest share of failures."""
    number, rate, z = tally.ended, tally.failed / tally.ended, DEVIATIONS
    width = 1 + z * z / number
    centre = (rate + z * z / (2 * number)) / width
    half = z * math.sqrt(rate * (1 - rate) / number + z * z / (4 * number * number)) / width
    return centre - half, rate, centre + half
