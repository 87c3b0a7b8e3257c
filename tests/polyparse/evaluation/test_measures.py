"""Counts add up; ratios and means come last."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.evaluation.score import Counts, measures, report

COUNTS = st.builds(Counts, **{field.name: st.integers(0, 1000) for field in fields(Counts)})


@given(COUNTS, COUNTS, COUNTS)
def test_counts_add_in_any_order_and_none_is_zero(a: Counts, b: Counts, c: Counts) -> None:
    assert (a + b) + c == c + (b + a)
    assert a + Counts() == a
    assert (a + b).slots_right == a.slots_right + b.slots_right


def test_measures_are_ratios_of_the_sums() -> None:
    counts = Counts(
        utterances=10,
        domains=10,
        domains_right=9,
        intents=10,
        intents_right=8,
        slots_true=6,
        slots_predicted=4,
        slots_right=3,
        exact_right=7,
        frames_right=5,
        semer_errors=4,
        semer_reference=16,
    )
    assert measures(counts) == {
        "domain_accuracy": 0.9,
        "intent_accuracy": 0.8,
        "slot_f1": 0.6,
        "exact_match": 0.7,
        "frame_accuracy": 0.5,
        "semer": 0.25,
        "utterances": 10,
    }


def test_of_nothing_there_is_nothing_to_measure() -> None:
    assert set(measures(Counts()).values()) == {None, 0}


def test_the_mean_weighs_locales_alike_and_sums_utterances() -> None:
    found = report(
        {
            "en-US": Counts(utterances=100, intents=100, intents_right=100, exact_right=50),
            "th-TH": Counts(utterances=10, intents=10, intents_right=5, exact_right=1),
        }
    )
    assert list(found) == ["locales", "mean"]
    assert list(found["locales"]) == ["en-US", "th-TH"]
    assert found["locales"]["th-TH"]["intent_accuracy"] == 0.5
    assert found["mean"]["intent_accuracy"] == 0.75
    assert found["mean"]["exact_match"] == pytest.approx(0.3)
    assert found["mean"]["utterances"] == 110
    assert found["mean"]["domain_accuracy"] is None
    assert found["mean"].keys() == found["locales"]["en-US"].keys()


def test_a_locale_with_nothing_to_measure_does_not_pull_the_mean() -> None:
    found = report({"a": Counts(utterances=1, domains=1, domains_right=1), "b": Counts(utterances=1)})
    assert found["mean"]["domain_accuracy"] == 1.0
