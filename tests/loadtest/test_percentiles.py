"""A percentile is a value that was measured, and what is not good never ends."""

from __future__ import annotations

from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.outcome import OK, REFUSED, REJECTED
from loadtest.percentiles import latencies_ms, percentile
from loadtest.points import Point

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=400), st.sampled_from(SHARES))
def test_it_is_the_least_value_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    """The slow twin counts."""
    expected = min(
        value for value in values if sum(each <= value for each in values) >= share * len(values) - 1e-6
    )
    assert percentile(sorted(values), share) == expected


@pytest.mark.parametrize("number", [100, 1000, 12_300])
def test_a_product_that_rounds_up_takes_no_later_value(number: int) -> None:
    assert percentile(range(1, number + 1), 0.99) == number * 99 // 100


def test_of_nothing_there_is_none() -> None:
    assert isnan(percentile([], 0.5))


def test_a_quick_refusal_and_a_late_answer_never_end() -> None:
    ended = [(0.001, REFUSED), (0.3, OK), (0.02, OK), (0.01, REJECTED)]
    points = [Point(1.0, 1.0, 1.0 + seconds, outcome, 200, "parse", None) for seconds, outcome in ended]
    assert latencies_ms(points, 0.25) == [pytest.approx(10), pytest.approx(20), inf, inf]
