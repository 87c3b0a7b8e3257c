"""Scales of confidence: maps that rise, stay within [0, 1], and change nothing by default."""

from __future__ import annotations

from itertools import pairwise
from math import exp, isnan, log, nan

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from polyparse.contract.labels import Labels
from polyparse.errors import ConfigError
from polyparse.inference.calibration import MIN_ERROR_PROBABILITY, Calibration, Scale
from polyparse.inference.routing import Routing, rank, routed_log_probs, temper
from polyparse.schema import structure, unstructure

scales = st.builds(
    Scale,
    intent_temperature=st.floats(0.2, 5.0),
    domain_temperature=st.floats(0.2, 5.0),
    path_slope=st.floats(0.05, 5.0),
    path_offset=st.floats(-3.0, 3.0),
)
log_probs = st.floats(-2000.0, 0.0) | st.floats(-1e-5, 0.0)
OWN = Scale(intent_temperature=2.0, path_offset=-1.0)
POOLED = Scale(intent_temperature=0.5)
CALIBRATION = Calibration(pooled=POOLED, locales={"en-US": OWN})

LABELS = Labels(("a", "b", "c"), tuple("uvwxyz"), (1, 0, 2, 1, 0, 1), (), ((), (), ()), "BIO")
ROUTINGS = [Routing(kind, 0.4, "intents") for kind in ("soft", "hard")]
rows = st.lists(st.floats(-60, 60, width=32), min_size=6, max_size=6)


@given(log_probs)
def test_the_scale_of_the_defaults_changes_nothing(log_prob: float) -> None:
    assert Scale().path_probability(log_prob) == pytest.approx(exp(log_prob), abs=2 * MIN_ERROR_PROBABILITY)


@given(scales, st.floats(0.001, 0.999))
def test_a_path_is_scaled_in_its_log_odds(scale: Scale, probability: float) -> None:
    odds = scale.path_slope * log(probability / (1.0 - probability)) + scale.path_offset
    actual = scale.path_probability(log(probability))
    assert actual == pytest.approx(1.0 / (1.0 + exp(-odds)), rel=1e-6)


@given(scales, st.lists(log_probs, min_size=2, max_size=20))
def test_of_two_paths_the_likelier_is_never_the_less_sure(scale: Scale, actual: list[float]) -> None:
    confidences = [scale.path_probability(log_prob) for log_prob in sorted(actual)]
    assert all(0.0 <= confidence <= 1.0 for confidence in confidences)
    assert all(low <= high * (1 + 1e-12) for low, high in pairwise(confidences))


@pytest.mark.parametrize("log_prob", [0.0, -0.0, 1e-5, -1e300, -float("inf")])
@given(scales)
def test_paths_at_the_ends_have_probabilities_too(log_prob: float, scale: Scale) -> None:
    assert 0.0 <= scale.path_probability(log_prob) <= 1.0


def test_what_is_no_number_stays_none() -> None:
    assert isnan(OWN.path_probability(nan))


@pytest.mark.parametrize(("locale", "expected"), [("en-US", OWN), ("de-DE", POOLED), (None, POOLED)])
def test_a_locale_without_a_scale_has_the_pooled_one(locale: str | None, expected: Scale) -> None:
    assert CALIBRATION.scale(locale) is expected


def test_each_utterance_of_a_batch_has_the_temperature_of_its_locale() -> None:
    actual = CALIBRATION.temperatures(["en-US", None, "de-DE"])
    assert actual.intent_B1.tolist() == [[2.0], [0.5], [0.5]]
    assert actual.domain_B1.tolist() == [[1.0], [1.0], [1.0]]


@pytest.mark.parametrize(
    "changes",
    [
        {"intent_temperature": 0.0},
        {"domain_temperature": -1.0},
        {"path_slope": 0},
        {"path_offset": nan},
        {"path_offset": 1e9},
    ],
)
def test_what_would_not_rise_or_would_overflow_is_refused(changes: dict[str, float]) -> None:
    (name,) = changes
    with pytest.raises(ConfigError, match=f"manifest.json: pooled: {name}: found .*, expected a number from"):
        structure(Calibration, {"pooled": changes, "locales": {}}, where="manifest.json")


def test_what_is_written_is_read_back() -> None:
    assert structure(Calibration, unstructure(CALIBRATION), where="here") == CALIBRATION


@pytest.mark.parametrize("routing", ROUTINGS, ids=lambda routing: routing.kind)
@given(rows, rows, scales)
def test_temperatures_keep_the_order_of_readings_and_sum_to_one(
    routing: Routing, joint: list[float], classified: list[float], scale: Scale
) -> None:
    joint_BI, classified_BX = (np.array([row], np.float32) for row in (joint, classified))
    temperatures = Calibration(pooled=scale, locales={}).temperatures([None])
    log_probs_BI = routed_log_probs(joint_BI, classified_BX, LABELS, routing)
    (plain,) = rank(log_probs_BI, classified_BX, LABELS, routing, [6])
    (tempered,) = rank(log_probs_BI, classified_BX, LABELS, routing, [6], temperatures=temperatures)
    assert [route.intent for route in plain] == [route.intent for route in tempered]
    assert sum(route.intent_prob for route in tempered) == pytest.approx(1.0, abs=1e-4)
    if routing.kind == "soft":
        falling = [route.intent_prob for route in tempered]
        assert all(one >= other - 1e-6 for one, other in pairwise(falling))


@pytest.mark.parametrize("routing", ROUTINGS, ids=lambda routing: routing.kind)
@given(rows)
def test_a_temperature_of_one_changes_nothing(routing: Routing, row: list[float]) -> None:
    scores_BI = np.array([row])
    log_probs_BI = scores_BI - np.log(np.exp(scores_BI - scores_BI.max()).sum()) - scores_BI.max()
    temperatures = Calibration(pooled=Scale(), locales={}).temperatures([None])
    np.testing.assert_allclose(temper(log_probs_BI, LABELS, routing, temperatures), log_probs_BI, atol=1e-9)


@given(rows, st.floats(1.1, 5.0))
@example([0.0, -41.0, -41.0, -41.0, -41.0, -41.0], 1.109375)
def test_a_high_temperature_takes_from_the_likeliest(row: list[float], temperature: float) -> None:
    assume(sorted(row)[-1] - sorted(row)[-2] > 0.01)
    log_probs_BI = np.array([row]) - np.logaddexp.reduce(row)
    calibration = Calibration(pooled=Scale(intent_temperature=temperature), locales={})
    tempered_BI = temper(log_probs_BI, LABELS, ROUTINGS[0], calibration.temperatures([None]))
    assert tempered_BI.max() <= log_probs_BI.max() + 1e-12  # log P of a certain intent rounds to 0
