"""Weights of rare features: the objective is least where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from train.postprocessing.regression import counted, regress

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = [[0, 0, 1], [1], [2], [2, 1], []]
IS_ONE = [True, True, False, False, False]
WEIGHTS = [1.0, 2.0, 1.0, 1.0, 0.5]
L2 = 0.01


def test_a_feature_counts_as_often_as_a_text_has_it() -> None:
    assert counted(ROWS, 4).toarray().tolist() == [
        [2, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 0],
    ]


def test_no_step_to_any_side_makes_the_objective_less() -> None:
    matrix = counted(ROWS, 4)
    bias, weights = regress(matrix, IS_ONE, WEIGHTS, l2=L2, iterations=200)

    def objective(bias: float, weights: NDArray[np.float64]) -> float:
        margins = np.where(IS_ONE, 1.0, -1.0) * (matrix.toarray() @ weights + bias)
        return float(np.average(np.log1p(np.exp(-margins)), weights=WEIGHTS) + L2 / 2 * weights @ weights)

    least = objective(bias, weights)
    for step in (1e-2, -1e-2):
        assert objective(bias + step, weights) > least
        for feature in range(4):
            assert objective(bias, weights + step * np.eye(4)[feature]) > least
    assert weights[3] == pytest.approx(0.0)
    assert weights[0] > 0 > weights[2]
