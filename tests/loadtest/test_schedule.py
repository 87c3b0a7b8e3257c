"""Moments follow the rate of their phases, however it changes."""

from __future__ import annotations

from itertools import islice, repeat
from random import Random

import pytest

from loadtest.scenario import Bursts, LoadPhase, Scenario
from loadtest.schedule import gaps_of, moments, segments


def phase(
    seconds: float, times: float = 1.0, until: float | None = None, bursts: Bursts | None = None
) -> LoadPhase:
    return LoadPhase(name="phase", seconds=seconds, times=times, until=until, bursts=bursts)


def test_a_steady_load_has_equal_distances() -> None:
    actual = list(moments(segments([phase(2.0)], 5.0), repeat(1.0)))
    assert actual == pytest.approx([0.2 * number for number in range(1, 10)])


def test_a_ramp_has_as_many_requests_in_each_part_as_its_rate_says() -> None:
    actual = list(moments(segments([phase(10.0, 0.0, 2.0)], 100.0), repeat(1.0)))
    assert len(actual) == pytest.approx(1000, abs=1)
    # By half of the time a quarter of the requests are due: the integral of the rate is a parabola.
    assert sum(moment < 5 for moment in actual) == pytest.approx(250, abs=1)
    assert actual == sorted(actual)


def test_a_falling_ramp_ends_with_its_phase() -> None:
    actual = list(moments(segments([phase(10.0, 2.0, 0.0)], 100.0), repeat(1.0)))
    assert sum(moment < 5 for moment in actual) == pytest.approx(750, abs=1)
    assert max(actual) <= 10


@pytest.mark.parametrize("seed", range(5))
def test_random_arrivals_are_those_of_a_process_that_is_stretched(seed: int) -> None:
    """Against the slow twin: thin out arrivals at the highest rate, keeping each with the share that its moment has."""
    cut = segments([phase(20.0, 0.5, 2.0), phase(5.0, 0.0), phase(20.0, 1.0)], 50.0)
    random = Random(seed)
    twin, moment = [], 0.0
    while (moment := moment + random.expovariate(100.0)) < 45:
        rate = next(
            part.from_per_s + (part.to_per_s - part.from_per_s) * (moment - part.start_s) / part.seconds
            for part in cut
            if part.start_s <= moment < part.end_s
        )
        if random.random() < rate / 100.0:
            twin.append(moment)
    scenario = Scenario(title="", about="", phases=(phase(1.0),), seed=seed)
    actual = list(moments(cut, gaps_of(scenario)))
    for low, high in ((0, 10), (10, 20), (20, 25), (25, 45)):
        found, expected = (sum(low <= each < high for each in times) for times in (actual, twin))
        assert abs(found - expected) <= 5 * max(1, expected) ** 0.5 + 1


def test_bursts_stand_at_the_end_of_each_period_and_are_not_judged() -> None:
    bursts = Bursts(every_s=5, seconds=1, times=3.0)
    cut = segments([phase(12.0, 0.5, bursts=bursts)], 10.0)
    assert [(part.start_s, part.seconds, part.from_per_s, part.judged) for part in cut] == [
        (0, 4, 5, True),
        (4, 1, 30, False),
        (5, 4, 5, True),
        (9, 1, 30, False),
        (10, 2, 5, True),
    ]


def test_the_rate_is_kept_over_the_borders_of_phases() -> None:
    pieces = segments([phase(0.3) for _ in range(10)], 5.0)
    whole = segments([phase(3.0)], 5.0)
    assert list(moments(pieces, repeat(1.0))) == pytest.approx(list(moments(whole, repeat(1.0))))


def test_the_same_seed_gives_the_same_arrivals() -> None:
    scenario = Scenario(title="", about="", phases=(phase(1.0),), seed=3)
    first, second = (list(islice(gaps_of(scenario), 50)) for _ in range(2))
    assert first == second
    assert sum(first) / 50 == pytest.approx(1.0, rel=0.5)
