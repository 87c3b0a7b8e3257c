"""The simulator against queueing theory, and against the laws that every fleet keeps."""

from __future__ import annotations

from dataclasses import replace
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.fleet.balancer import AtRandom, LeastLoaded, RoundRobin
from benchmarks.fleet.simulation import Load, Loss, Scenario, Seen, seconds_each, simulate
from tests.benchmarks.fleet.queues import ALONE, DETERMINISTIC, EXPONENTIAL, MIX, USUAL, WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.fleet.node import End
    from benchmarks.fleet.service_times import ServiceTimes

CAPACITY_PER_S = 1 / seconds_each(USUAL, WORDS)


def mean_time(seen: Seen) -> float:
    """In units of a mean service."""
    return mean(fate.latency_s for fate in seen.fates)


@pytest.mark.parametrize(
    ("times", "expected"),
    [(EXPONENTIAL, 1 / (1 - 0.6)), (DETERMINISTIC, 1 + 0.6 / (2 * (1 - 0.6)))],
    ids=["M/M/1", "M/D/1"],
)
def test_one_node_is_the_queue_of_pollaczek_and_khinchine(times: ServiceTimes, expected: float) -> None:
    seen = simulate(Scenario(nodes=1, per_s=0.6, seconds=15_000, settings=ALONE), times, MIX)
    assert mean_time(seen) == pytest.approx(expected, rel=0.05)


def test_two_choices_wait_as_long_as_mitzenmacher_found() -> None:
    """Of many M/M/1 queues at 0.8: the sum over i of 0.8 to the power of 2^i - 2; at random it is that of each alone."""
    base = Scenario(nodes=40, per_s=0.8 * 40, seconds=300, settings=ALONE)
    two = simulate(base, EXPONENTIAL, MIX).within(30, 300)
    expected = sum(0.8 ** (2**i - 2) for i in range(1, 10))
    assert mean_time(two) == pytest.approx(expected, rel=0.1)
    assert mean_time(simulate(replace(base, balancer=AtRandom), EXPONENTIAL, MIX)) > 1.7 * expected


def fleet(share: float, **changes: Any) -> Seen:
    """Four nodes at a share of what they can do."""
    base = Scenario(nodes=4, per_s=share * 4 * CAPACITY_PER_S, seconds=0.3)
    return simulate(replace(base, **changes), USUAL, WORDS)


EVENTS: Mapping[str, dict[str, Any]] = {
    "usual": {},
    "overloaded": {"nodes": 1, "per_s": 2.5 * CAPACITY_PER_S},
    "zone lost": {"zones": 2, "loss": Loss(zone=1, at_s=0.2, noticed_s=0.05)},
    "loading": {"load": Load(at_s=0.1, spread_s=0.1, cpu_s=0.05)},
    "slow": {"slow": (3.0,), "balancers": 3, "balancer": RoundRobin},
    "told late": {"balancer": LeastLoaded, "stale_s": 0.05},
}


@pytest.mark.parametrize("name", EVENTS)
def test_every_arrival_is_answered_refused_failed_or_in_flight(name: str) -> None:
    seen = fleet(0.6, **EVENTS[name])
    ends: tuple[End, ...] = ("answered", "refused", "failed")
    assert seen.arrived == sum(seen.count(end) for end in ends) + seen.in_flight
    assert seen.count("answered") > 100
    assert (seen.count("failed") > 0) == (name == "zone lost")
    assert seen.count("refused") > 0 or name != "overloaded"


@pytest.mark.parametrize("name", ["usual", "overloaded"])
def test_a_seed_decides_everything(name: str) -> None:
    one, same, other = (fleet(0.6, **EVENTS[name], seed=seed) for seed in (5, 5, 6))
    assert one == same
    assert one.fates != other.fates


def test_nobody_waits_less_than_his_own_service_and_way() -> None:
    least_s = (
        USUAL.wire_s + USUAL.read_s + USUAL.of_run(1, 3) + 2 * USUAL.wake_s + USUAL.answer_s + USUAL.write_s
    )
    assert min(fate.latency_s for fate in fleet(0.3).fates) >= least_s - 1e-9


def test_an_overloaded_node_refuses_so_that_who_is_let_in_waits_about_its_bound() -> None:
    """50 ms, by the service's own admission; and it does not answer fewer than it could."""
    seen = fleet(2.0, nodes=1, per_s=2 * CAPACITY_PER_S, seconds=1.0).within(0.2, 0.9)
    assert seen.latency_ms(0.99) < 100
    assert seen.share("refused") > 0.3
    assert seen.count("answered") > 0.7 * 0.65 * CAPACITY_PER_S


def test_batches_grow_with_the_load_so_that_a_node_does_more_than_one_by_one() -> None:
    alone_s = USUAL.read_s + 2 * USUAL.wake_s + USUAL.of_run(1, 8) + USUAL.answer_s + USUAL.write_s
    seen = fleet(0.9, nodes=1, per_s=0.9 * CAPACITY_PER_S)
    assert seen.count("answered") > 1.3 * 0.3 / alone_s


WAYS: tuple[dict[str, Any], ...] = ({}, {"balancer": RoundRobin})


def test_a_slow_node_costs_the_callers_of_a_round_robin_more() -> None:
    two, robin = (fleet(0.7, slow=(2.0,), seconds=0.5, **way).latency_ms(0.99) for way in WAYS)
    assert two < 0.8 * robin


def test_the_emptiest_of_what_one_was_told_long_ago_is_where_everybody_goes() -> None:
    """Two choices lose less by old news (Mitzenmacher, 2000)."""
    told: dict[str, Any] = {"stale_s": 0.1, "seconds": 0.35}
    herd = fleet(0.7, nodes=8, per_s=5.6 * CAPACITY_PER_S, balancer=LeastLoaded, **told)
    two = fleet(0.7, nodes=8, per_s=5.6 * CAPACITY_PER_S, **told)
    assert herd.latency_ms(0.99) > 1.5 * two.latency_ms(0.99)


def test_what_is_loaded_beside_requests_makes_them_wait_while_it_is() -> None:
    load = Load(at_s=0.1, spread_s=0.0, cpu_s=0.1)
    quiet, loading = fleet(0.6), fleet(0.6, load=load)
    assert loading.within(0.1, 0.3).latency_ms(0.5) > 1.15 * quiet.within(0.1, 0.3).latency_ms(0.5)


def test_who_asks_in_another_zone_waits_for_the_way() -> None:
    ways: dict[str, Any] = {"zones": 2, "in_zone_s": 0.001, "cross_zone_s": 0.003}
    assert fleet(0.3, **ways).latency_ms(0.5) - fleet(0.3).latency_ms(0.5) == pytest.approx(2.0, abs=1.1)
