"""When requests are meant to be sent: the moments of a process whose rate changes over time. Pure.

A process of one request a second, on average, is stretched so that the number of requests expected until a moment, the
integral of the rate, is the time of the process. So steady loads, ramps and bursts have one rule, with equal distances
(uniform) or with those of callers who know nothing of one another (poisson).
"""

from collections.abc import Iterator, Sequence
from itertools import repeat
from math import sqrt
from random import Random
from typing import NamedTuple

from loadtest.scenario import LoadPhase, Scenario

SHORTEST_S = 1e-9
"""What is left of a phase below this is rounding."""


class Segment(NamedTuple):
    """A time in which the rate goes evenly from one value to another, in requests a second."""

    phase: str
    start_s: float
    seconds: float
    from_per_s: float
    to_per_s: float
    judged: bool

    @property
    def end_s(self) -> float:
        """When the next one begins."""
        return self.start_s + self.seconds

    @property
    def requests(self) -> float:
        """How many are expected in it."""
        return self.seconds * (self.from_per_s + self.to_per_s) / 2

    def moment_s(self, requests: float) -> float:
        """When so many of its requests are expected to have come: the inverse of the integral of its rate."""
        if requests <= 0:
            return self.start_s
        slope = (self.to_per_s - self.from_per_s) / self.seconds
        root = sqrt(max(0.0, self.from_per_s**2 + 2 * slope * requests))
        return self.start_s + min(self.seconds, 2 * requests / (self.from_per_s + root))


def segments(phases: Sequence[LoadPhase], rate_per_s: float) -> tuple[Segment, ...]:
    """The phases of a scenario one after the other; a phase with bursts is many segments."""
    cut: list[Segment] = []
    for phase in phases:
        for part in _parts(phase):
            start_s = cut[-1].end_s if cut else 0.0
            cut.append(
                part._replace(
                    start_s=start_s,
                    from_per_s=part.from_per_s * rate_per_s,
                    to_per_s=part.to_per_s * rate_per_s,
                )
            )
    return tuple(cut)


def moments(cut: Sequence[Segment], gaps: Iterator[float]) -> Iterator[float]:
    """The moments, in seconds from the start; `gaps` are the distances of a process of one request a second."""
    left = next(gaps)
    for segment in cut:
        reached = 0.0
        while reached + left < segment.requests:
            reached += left
            yield segment.moment_s(reached)
            left = next(gaps)
        left -= segment.requests - reached


def gaps_of(scenario: Scenario) -> Iterator[float]:
    """Distances as the scenario's arrivals have them, 1 on average."""
    if scenario.arrivals == "uniform":
        return repeat(1.0)
    random = Random(scenario.seed)  # noqa: S311 - not cryptography
    return iter(lambda: random.expovariate(1.0), None)


def _parts(phase: LoadPhase) -> Iterator[Segment]:
    """What a phase is made of, at a load of 1 and without its place in time."""
    if phase.bursts is None:
        until = phase.times if phase.until is None else phase.until
        yield Segment(phase.name, 0.0, phase.seconds, phase.times, until, phase.judged)
        return
    bursts, left_s = phase.bursts, phase.seconds
    quiet = Segment(phase.name, 0.0, bursts.every_s - bursts.seconds, phase.times, phase.times, phase.judged)
    burst = Segment(
        f"{phase.name}: at their height", 0.0, bursts.seconds, bursts.times, bursts.times, bursts.judged
    )
    while left_s > SHORTEST_S:
        for part in (quiet, burst):
            if (seconds := min(part.seconds, left_s)) > SHORTEST_S:
                yield part._replace(seconds=seconds)
                left_s -= seconds
