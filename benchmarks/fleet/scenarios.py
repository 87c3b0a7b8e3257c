"""What a fleet of such nodes does: by utilisation, by balancer, with a zone lost, during a promote, with a slow node.

Twelve nodes in three zones. Callers stand in all zones alike; a request into another zone takes a millisecond there and
back, one into its own a quarter. Four balancers each know what they sent themselves. Rates are shares of what the nodes can
do by their measured service times. Balancers choose among all zones alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from benchmarks.fleet.balancer import AtRandom, Balancer, LeastLoaded, RoundRobin, TwoChoices
from benchmarks.fleet.service_times import ServiceTimes, Work
from benchmarks.fleet.simulation import Load, Loss, Scenario, Seen, seconds_each, simulate

NODES, ZONES, BALANCERS = 12, 3, 4
IN_ZONE_S, CROSS_ZONE_S = 0.25e-3, 1e-3
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)
COMPARED = 0.8
"""Share of the capacity at which ways to balance are compared."""
STALE_S = 0.1
SLOWER, SLOW_SHARE = 2.0, 0.7
USUAL = 0.5
"""Share at which a zone is lost and a version promoted."""
NOTICED_S = 0.4
"""A connection that is refused tells a balancer at once, one that is silent after its time-out."""
WARM_UP_S, LAST_S = 0.3, 0.1
LEAST_S = 0.6


def figures(
    times: ServiceTimes, mix: Sequence[Work], promote_s: float, *, seconds: float
) -> dict[str, float]:
    """Percentiles in milliseconds, shares of requests refused or failed, by scenario of so many seconds."""
    run = _Runner(times, mix, seconds)
    return {**_by_share(run), **_by_balancer(run), **_lost(run), **_promoted(run, promote_s), **_slow(run)}


class _Runner:
    """Simulates variations of one scenario."""

    def __init__(self, times: ServiceTimes, mix: Sequence[Work], seconds: float) -> None:
        self._times, self._mix = times, mix
        self._base = Scenario(
            nodes=NODES,
            per_s=0.0,
            seconds=seconds,
            zones=ZONES,
            balancers=BALANCERS,
            in_zone_s=IN_ZONE_S,
            cross_zone_s=CROSS_ZONE_S,
        )
        self.capacity_per_s = NODES / seconds_each(times, mix)
        self.seconds = seconds

    def __call__(self, share: float, change: Callable[[Scenario], Scenario] = lambda base: base) -> Seen:
        """All requests but the first, and the last ones, of which the slow have not ended: at a share of the capacity."""
        scenario = change(replace(self._base, per_s=share * self.capacity_per_s))
        return simulate(scenario, self._times, self._mix).within(WARM_UP_S, scenario.seconds - LAST_S)


def _by_share(run: _Runner) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for share in SHARES:
        seen, name = run(share), f"u{round(100 * share)}"
        found |= {f"p50_ms_{name}": seen.latency_ms(0.5), f"p99_ms_{name}": seen.latency_ms(0.99)}
        found[f"refused_{name}"] = seen.share("refused")
    return found


def _by_balancer(run: _Runner) -> Mapping[str, float]:
    ways: Mapping[str, Callable[[Scenario], Scenario]] = {
        "round_robin": lambda base: replace(base, balancer=RoundRobin),
        "random": lambda base: replace(base, balancer=AtRandom),
        "two_choices": lambda base: base,
        "two_choices_stale": lambda base: replace(base, stale_s=STALE_S),
        "least_loaded": lambda base: replace(base, balancer=LeastLoaded),
        "least_loaded_stale": lambda base: replace(base, balancer=LeastLoaded, stale_s=STALE_S),
    }
    return {f"p99_ms_{name}": run(COMPARED, change).latency_ms(0.99) for name, change in ways.items()}


def _lost(run: _Runner) -> Mapping[str, float]:
    """A zone ends, and is noticed; once the others have its load, what do callers see? From half load, and from too much."""
    at_s = WARM_UP_S + 0.2
    loss = Loss(zone=0, at_s=at_s, noticed_s=NOTICED_S)
    found: dict[str, float] = {}
    for share in (USUAL, COMPARED):
        whole = run(share, lambda base: replace(base, loss=loss, seconds=at_s + NOTICED_S + run.seconds))
        after, name = whole.within(at_s + NOTICED_S, at_s + NOTICED_S + run.seconds), f"u{round(100 * share)}"
        found |= {
            f"zone_lost_p99_ms_{name}": after.latency_ms(0.99),
            f"zone_lost_refused_{name}": after.share("refused"),
            f"zone_lost_failed_{name}": whole.within(at_s, at_s + NOTICED_S).share("failed"),
        }
    return found


def _promoted(run: _Runner, promote_s: float) -> Mapping[str, float]:
    """All nodes load at once, and one after the other."""
    at_s, length_s = WARM_UP_S, promote_s / (1 - USUAL)
    found: dict[str, float] = {}
    for name, spread_s in (("at_once", 0.0), ("spread", length_s)):
        seen = run(USUAL, partial(_loading, Load(at_s, spread_s, promote_s), at_s + length_s + spread_s))
        found |= {
            f"promote_p99_ms_{name}": seen.latency_ms(0.99),
            f"promote_refused_{name}": seen.share("refused"),
        }
    return found


def _loading(load: Load, seconds: float, base: Scenario) -> Scenario:
    return replace(base, load=load, seconds=seconds)


def _slow(run: _Runner) -> Mapping[str, float]:
    """One node takes twice as long for everything."""
    found: dict[str, float] = {}
    for name, balancer in (("round_robin", RoundRobin), ("two_choices", TwoChoices)):
        seen = run(SLOW_SHARE, partial(_with_slow, balancer))
        found |= {
            f"slow_node_p99_ms_{name}": seen.latency_ms(0.99),
            f"slow_node_refused_{name}": seen.share("refused"),
        }
    return found


def _with_slow(balancer: Callable[[Random], Balancer], base: Scenario) -> Scenario:
    return replace(base, slow=(SLOWER,), balancer=balancer)
