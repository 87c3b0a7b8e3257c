"""The MaxEnt: its gradient, its optimum, its probabilities and its pruning, each against explicit sums.

Axes: B utterances, F features, V rows of the feature table, C classes.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from polyparse.text.features import utterance_features
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import (
    MaxEnt,
    MaxEntConfig,
    MaxEntObjective,
    build_table,
    design_matrix,
    fit,
    heaviest_features,
    inverse_frequencies,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEATURES = [[1, 2, 2], [1, 3], [2, 4], [4, 4, 5, 1], [], [3, 5]]
CLASSES_B = np.array([0, 1, 0, 2, 1, 2])
N_IDS, N_CLASSES, L2 = 6, 3, 0.01


def explicit_idf(row: int) -> float:
    having = sum(row in features for features in FEATURES)
    return 1 + log((1 + len(FEATURES)) / (1 + having))


def explicit_log_probs(flat: NDArray[np.float64], features: Sequence[int]) -> list[float]:
    """log P(c | utterance), from the docstring's equation."""
    theta = flat.reshape(N_IDS + 1, N_CLASSES)
    length = sqrt(sum(explicit_idf(row) ** 2 for row in features)) or 1.0
    logits = [
        sum(explicit_idf(row) * theta[row, c] for row in features) / length + theta[-1, c]
        for c in range(N_CLASSES)
    ]
    total = log(sum(exp(logit) for logit in logits))
    return [logit - total for logit in logits]


def explicit_objective(flat: NDArray[np.float64]) -> float:
    losses = [
        -explicit_log_probs(flat, features)[gold] for features, gold in zip(FEATURES, CLASSES_B, strict=True)
    ]
    weights = flat[: N_IDS * N_CLASSES]
    return float(np.mean(losses) + L2 / 2 * (weights**2).sum())


def random_weights(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(N_IDS + 1) * N_CLASSES)


def objective() -> MaxEntObjective:
    """In float64, so that differences of it can be taken."""
    matrix_BV = design_matrix(FEATURES, inverse_frequencies(FEATURES, N_IDS)).astype(np.float64)
    return MaxEntObjective(matrix_BV, CLASSES_B, N_CLASSES, L2)


def trained(**changes: float) -> MaxEnt:
    config = MaxEntConfig(**({"l2": L2, "tolerance": 1e-7} | changes))  # type: ignore[arg-type]  # numbers all
    return fit(FEATURES, CLASSES_B, n_ids=N_IDS, n_classes=N_CLASSES, config=config)


def padded(features: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """features_BF, with two columns of padding more than needed."""
    longest = max(map(len, features)) + 2
    return np.array([[*row, *[0] * (longest - len(row))] for row in features])


@pytest.mark.parametrize("seed", range(3))
def test_the_objective_is_the_one_that_the_docstring_states(seed: int) -> None:
    value, _ = objective()(random_weights(seed))
    assert value == pytest.approx(explicit_objective(random_weights(seed)), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_equals_a_numeric_one(seed: int) -> None:
    _, gradient = objective()(random_weights(seed))
    numeric = approx_fprime(random_weights(seed), lambda flat: objective()(flat)[0], 1e-6)
    assert gradient == pytest.approx(numeric, abs=1e-5)


def test_training_ends_at_the_optimum() -> None:
    best = minimize(explicit_objective, np.zeros((N_IDS + 1) * N_CLASSES), method="BFGS").x
    expected = [explicit_log_probs(best, features) for features in FEATURES]
    assert DomainClassifier(trained()).log_probs(padded(FEATURES)) == pytest.approx(
        np.array(expected), abs=2e-3
    )


def test_where_weights_cost_too_much_the_bias_gives_the_shares_of_the_classes() -> None:
    """The analytic optimum without features: log of each class's share."""
    actual = DomainClassifier(trained(l2=1e6)).log_probs(np.zeros((1, 1), dtype=np.int64))
    shares = np.bincount(CLASSES_B) / len(CLASSES_B)
    assert np.exp(actual[0]) == pytest.approx(shares, abs=1e-3)


def test_log_probs_are_an_explicit_sum_over_the_features() -> None:
    """Repeated features count as often as they stand, padding never; without any, the bias decides."""
    theta = random_weights(0).astype(np.float32).reshape(N_IDS + 1, N_CLASSES)
    idf_V = inverse_frequencies(FEATURES, N_IDS)
    model = MaxEnt(theta[:-1] * idf_V[:, None], idf_V**2, theta[-1])
    expected = [explicit_log_probs(theta.astype(np.float64).ravel(), features) for features in FEATURES]
    actual = DomainClassifier(model).log_probs(padded(FEATURES))
    assert actual.dtype == np.float32
    assert actual == pytest.approx(np.array(expected), abs=1e-5)
    assert np.exp(actual).sum(1) == pytest.approx(1.0)


def test_an_utterance_is_classified_alike_in_any_company() -> None:
    model = trained()
    together = DomainClassifier(model).log_probs(padded(FEATURES))
    for features, expected in zip(FEATURES, together, strict=True):
        alone = DomainClassifier(model).log_probs(np.array([features or [0]]))
        assert alone[0] == pytest.approx(expected, abs=1e-6)


def test_the_padding_row_weighs_nothing() -> None:
    model = trained()
    assert not model.weights_VC[0].any()
    assert model.squares_V[0] == 0


def test_pruning_keeps_the_heaviest_rows_in_the_order_of_the_table() -> None:
    weights_VC = np.array([[9.0, 9.0], [1.0, 0.0], [0.0, -5.0], [0.1, 0.1], [3.0, 3.0]], dtype=np.float32)
    model = MaxEnt(weights_VC, np.ones(5, dtype=np.float32), np.zeros(2, dtype=np.float32))
    assert heaviest_features(model, 2).tolist() == [2, 4]
    assert heaviest_features(model, 99).tolist() == [1, 2, 3, 4]


def test_a_table_holds_what_enough_utterances_have_in_order_of_hash() -> None:
    utterances = [["wake", "me"], ["wake", "up"], ["wake", "wake"]]
    remaining = build_table(utterances, min_count=2).hashes.tolist()
    by_utterance = [set(utterance_features(words)) for words in utterances]
    expected = {f for local in by_utterance for f in local if sum(f in other for other in by_utterance) >= 2}
    assert remaining == sorted(expected)
    assert build_table(utterances, min_count=4).hashes.tolist() == []


def test_each_step_is_reported() -> None:
    steps: list[int] = []
    config = MaxEntConfig(l2=L2, max_iterations=3, tolerance=0.0)
    fit(FEATURES, CLASSES_B, n_ids=N_IDS, n_classes=N_CLASSES, config=config, on_iteration=steps.append)
    assert steps == [1, 2, 3]
