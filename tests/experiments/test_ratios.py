"""Measures over many draws at once are those of an evaluation."""

from __future__ import annotations

from dataclasses import astuple, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.ratios import COLUMNS, FIVE, RATIOS, ratio
from polyparse.evaluation.measures import MEASURES, Counts
from polyparse.evaluation.tag_spans import SpanCounts

NUMBER = st.integers(0, 20)


@given(st.builds(Counts, **{field.name: NUMBER for field in fields(Counts)}))
def test_every_measure_is_the_evaluation_s(counts: Counts) -> None:
    counts_C = np.array([*astuple(counts), 0, 0, 0], dtype=np.float64)
    for key, measure in MEASURES.items():
        expected, found = measure.of(counts), float(ratio(key, counts_C))
        assert np.isnan(found) if expected is None else found == pytest.approx(expected)


@given(NUMBER, NUMBER, NUMBER)
def test_span_f1_is_conlleval_s(true: int, predicted: int, right: int) -> None:
    expected = SpanCounts(true, predicted, right).measures()["f1"]
    counts_C = np.array([0] * len(fields(Counts)) + [true, predicted, right], dtype=np.float64)
    found = float(ratio("span_f1", counts_C))
    assert np.isnan(found) if expected is None else found == pytest.approx(expected)


def test_draws_and_seeds_are_axes_before_the_columns() -> None:
    counts = np.random.default_rng(1).integers(1, 9, (4, 3, len(COLUMNS))).astype(np.float64)
    found = ratio("slot_f1", counts)
    assert found.shape == (4, 3)
    assert found[2, 1] == float(ratio("slot_f1", counts[2, 1]))


def test_a_cell_has_the_five_measures_of_the_paper_and_says_which_one_is_better_when_lower() -> None:
    assert FIVE == ("semer", "domain_accuracy", "intent_accuracy", "slot_f1", "frame_accuracy")
    assert [key for key, measure in RATIOS.items() if measure.is_rate] == ["semer"]
