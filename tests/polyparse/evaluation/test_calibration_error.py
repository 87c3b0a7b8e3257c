"""Calibration error: what bins of equal size promise against what is right, whatever the order of the utterances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.evaluation.calibration_error import (
    BINS,
    Bin,
    error_by_chance,
    expected_calibration_error,
    reliability,
)

answers = st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=80)


def error(actual: list[tuple[float, bool]], bins: int = BINS) -> float:
    return expected_calibration_error([c for c, _ in actual], [right for _, right in actual], bins)


@given(answers, st.randoms())
def test_the_error_is_a_share_and_does_not_depend_on_order(
    actual: list[tuple[float, bool]], random: object
) -> None:
    shuffled = actual.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert 0.0 <= error(actual) <= 1.0
    assert error(shuffled) == pytest.approx(error(actual))


@given(
    st.lists(st.booleans(), min_size=1, max_size=60).map(lambda right: [r / 64 for r in range(len(right))])
)
def test_the_error_of_distinct_confidences_is_the_mean_gap_of_slices(confidences: list[float]) -> None:
    """The slow twin: cut by hand, gap by gap."""
    right = [round(1e4 * c) % 3 == 0 for c in confidences]
    gaps, first = 0.0, 0
    for number in range(BINS):
        size = len(confidences) // BINS + (number < len(confidences) % BINS)
        inside = range(first, first + size)
        gaps += abs(sum(confidences[i] for i in inside) - sum(right[i] for i in inside))
        first += size
    assert error(list(zip(confidences, right, strict=True))) == pytest.approx(gaps / len(confidences))


def test_certainty_that_is_right_has_no_error_and_one_that_is_wrong_has_all() -> None:
    assert error([(1.0, True)] * 40) == 0.0
    assert error([(1.0, False)] * 40) == 1.0


def test_utterances_of_one_confidence_share_what_is_right_among_them() -> None:
    assert error([(0.5, True)] * 30 + [(0.5, False)] * 30) == pytest.approx(0.0)


def test_bins_hold_as_many_each_and_say_what_is_in_them() -> None:
    confidences = [0.1, 0.2, 0.8, 0.9]
    low, high = reliability(confidences, [False, False, True, False], bins=2)
    assert low == pytest.approx(Bin(2, 0.15, 0.0))
    assert high == pytest.approx(Bin(2, 0.85, 0.5))
    assert [part.utterances for part in reliability(confidences, [True] * 4)] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("confidences", "correct"), [([], []), ([0.5], [True, False]), ([1.5], [True]), ([float("nan")], [True])]
)
def test_what_cannot_be_measured_is_refused(confidences: list[float], correct: list[bool]) -> None:
    for measure in (expected_calibration_error, reliability):
        with pytest.raises(ValueError, match="found"):
            measure(confidences, correct)


def test_chance_alone_shows_an_error_that_falls_with_the_number_of_utterances() -> None:
    few, many = (error_by_chance(np.linspace(0.3, 1.0, n).tolist()) for n in (200, 20_000))
    assert 0.05 < few < 0.15
    assert few / many == pytest.approx(10.0, rel=0.2)
