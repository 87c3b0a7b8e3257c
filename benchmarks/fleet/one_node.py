"""The simulated node beside the real one, at the same rates: how far median, 99th percentile and goodput are apart."""

from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks.fleet.measured import Measured
from benchmarks.fleet.probe import Level
from benchmarks.fleet.service_times import ServiceTimes, Work
from benchmarks.fleet.simulation import Scenario, simulate

WARM_UP_S = 0.5


def figures(
    measured: Measured, levels: Sequence[float], *, seconds: float, rounds: int
) -> Mapping[str, float]:
    """By level, what was seen and what was simulated; `one_node_error` is the largest deviation where nobody is refused.

    A level is a share of the capacity: 0.5 is "u50". One of 1 or more is no part of `one_node_error`; its own largest
    deviation is `overload_error`.
    """
    found: dict[str, float] = {}
    errors: dict[bool, list[float]] = {False: [0.0], True: [0.0]}
    for level, per_s, real in zip(levels, measured.rates_per_s, measured.levels, strict=True):
        node = simulated(measured.times, measured.mix, per_s, seconds=seconds, rounds=rounds)
        for name, seen, made in zip(Level._fields, real, node, strict=True):
            key = f"{name}_u{round(100 * level)}"
            found |= {f"real_{key}": seen, f"node_{key}": made}
            errors[level >= 1].append(abs(made / seen - 1))
    return {"one_node_error": max(errors[False]), "overload_error": max(errors[True]), **found}


def simulated(
    times: ServiceTimes, mix: Sequence[Work], per_s: float, *, seconds: float, rounds: int
) -> Level:
    """One node at a rate: medians over rounds as long as the real ones, each of another seed."""
    scenarios = [
        Scenario(nodes=1, per_s=per_s, seconds=seconds + 2 * WARM_UP_S, seed=seed) for seed in range(rounds)
    ]
    rounds_seen = [
        simulate(scenario, times, mix).within(WARM_UP_S, WARM_UP_S + seconds) for scenario in scenarios
    ]
    return Level(
        median(seen.latency_ms(0.5) for seen in rounds_seen),
        median(seen.latency_ms(0.99) for seen in rounds_seen),
        median(seen.count("answered") / seconds for seen in rounds_seen),
    )
