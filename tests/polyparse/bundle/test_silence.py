"""A process that is killed is heard of no more: by the clock of the store, whatever other clocks say."""

from __future__ import annotations

import pytest

from polyparse.bundle.silence import FORGOTTEN_S, RENEWED_S, SILENT_S, SKEW_S, heard

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("age_s", "is_lately", "is_forgotten"),
    [
        (0.0, True, False),
        (RENEWED_S, True, False),
        (SILENT_S - 1, True, False),
        (SILENT_S, False, False),
        (FORGOTTEN_S - 1, False, False),
        (FORGOTTEN_S, False, True),
    ],
)
@pytest.mark.parametrize("clock_s", [NOW, NOW + SKEW_S, NOW - SKEW_S])
def test_beside_one_that_writes_age_decides_whatever_the_reader_s_clock(
    age_s: float, is_lately: bool, is_forgotten: bool, clock_s: float
) -> None:
    found = heard({"writes": NOW, "other": NOW - age_s}, clock_s)
    assert "writes" in found.lately
    assert ("other" in found.lately, "other" in found.forgotten) == (is_lately, is_forgotten)


@pytest.mark.parametrize(
    ("age_s", "is_lately", "is_forgotten"),
    [
        (SKEW_S, True, False),
        (SKEW_S + SILENT_S - 1, True, False),
        (SKEW_S + SILENT_S, False, False),
        (SKEW_S + FORGOTTEN_S, False, True),
    ],
)
def test_where_nobody_writes_any_more_the_reader_s_clock_decides_less_what_it_may_differ(
    age_s: float, is_lately: bool, is_forgotten: bool
) -> None:
    found = heard({"other": NOW - age_s}, NOW)
    assert ("other" in found.lately, "other" in found.forgotten) == (is_lately, is_forgotten)


def test_a_time_that_cannot_be_silences_nobody() -> None:
    found = heard({"from the future": NOW + 10 * FORGOTTEN_S, "writes": NOW}, NOW)
    assert found.lately == ["from the future", "writes"]


def test_a_store_that_tells_no_times_silences_nobody() -> None:
    assert heard({"a": None, "b": None}, NOW) == (["a", "b"], [])
    assert heard({}, NOW) == ([], [])
