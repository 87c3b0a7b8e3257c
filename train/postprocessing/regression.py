"""Logistic regression of features that few texts have, fitted as a whole.

    minimised: mean over texts, weighted, of -log P(what it is) + L2 / 2 * |weights|^2

Axes: N texts, F features.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def regress(
    matrix_NF: csr_matrix, is_one_N: Sequence[bool], weights_N: Sequence[float], *, l2: float, iterations: int
) -> tuple[float, Floats]:
    """The bias and the weights of the features by which P(one) = sigmoid(bias + weights of what a text has), by L-BFGS."""
    transposed_FN = matrix_NF.T.tocsr()
    signs_N = np.where(is_one_N, 1.0, -1.0)
    shares_N = np.array(weights_N) / sum(weights_N)

    def objective(parameters: Floats) -> tuple[float, Floats]:
        bias, weights_F = parameters[0], parameters[1:]
        margins_N = signs_N * (matrix_NF @ weights_F + bias)
        loss = float(shares_N @ np.logaddexp(0.0, -margins_N)) + 0.5 * l2 * float(weights_F @ weights_F)
        slopes_N = -shares_N * signs_N * expit(-margins_N)
        return loss, np.concatenate([[slopes_N.sum()], transposed_FN @ slopes_N + l2 * weights_F])

    start = np.zeros(1 + matrix_NF.shape[1])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    return float(found.x[0]), found.x[1:]


def counted(rows: Sequence[Sequence[int]], n_features: int) -> csr_matrix:
    """How often each text has each feature, shape (N, F), given the features of each text by number."""
    counts = [sorted(Counter(row).items()) for row in rows]
    ends = np.cumsum([0, *map(len, counts)])
    values = np.array([value for row in counts for _, value in row], dtype=np.float64)
    indices = np.array([feature for row in counts for feature, _ in row], dtype=np.int32)
    return csr_matrix((values, indices, ends), shape=(len(rows), n_features))
