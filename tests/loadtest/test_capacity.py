"""The search ends beside the true capacity, in few trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadtest.capacity import NARROW, search

if TYPE_CHECKING:
    from loadtest.verdict import Word


@pytest.mark.parametrize("true_per_s", [30.0, 99.0, 100.0, 640.0, 5360.0])
def test_the_capacity_is_found_within_its_margin(true_per_s: float) -> None:
    tried: list[float] = []

    def outcome_at(per_s: float) -> Word:
        tried.append(per_s)
        return "pass" if per_s <= true_per_s else "fail"

    actual = search(100.0, outcome_at)
    assert actual.kept_per_s is not None
    assert actual.missed_per_s is not None
    assert actual.kept_per_s <= true_per_s < actual.missed_per_s <= NARROW * actual.kept_per_s
    assert not actual.is_generators
    assert len(set(tried)) <= 15


def test_a_load_that_cannot_be_sent_is_the_generators_bound() -> None:
    actual = search(100.0, lambda per_s: "pass" if per_s < 5000 else "void")
    assert actual.is_generators


def test_a_service_that_keeps_nothing_has_no_capacity() -> None:
    assert search(100.0, lambda _: "fail").kept_per_s is None


def test_one_miss_may_be_chance() -> None:
    tried: list[float] = []

    def outcome_at(per_s: float) -> Word:
        tried.append(per_s)
        is_chance = per_s == 200 and tried.count(200.0) == 1
        return "fail" if per_s > 1000 or is_chance else "pass"

    actual = search(100.0, outcome_at)
    assert actual.kept_per_s == pytest.approx(1000, rel=NARROW - 1)
