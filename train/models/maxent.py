"""MaxEnt: multinomial logistic regression over hashed n-grams with an L2 penalty, trained to convergence.

Axes: B utterances, F features of one utterance, C classes, V feature ids (0 is padding, with zero weights).
Objective: mean negative log-likelihood + l2/2 * ||W||^2, minimised by L-BFGS. A feature is weighted by its inverse document
frequency, idf = 1 + ln((1 + utterances) / (1 + utterances with it)), and an utterance's feature vector has unit length:

    logit_c = sum_f idf_f W_fc / sqrt(sum_f idf_f^2) + bias_c      over the utterance's features, repeats counted

The model stores idf_f W_fc and idf_f^2, so that each of the two sums is one look-up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import log_softmax

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, check_bounds
from polyparse.text.features import FeatureTable, utterance_features
from train.models.word_bag import WordBagConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MIN_SQUARE = 1.0  # every idf is at least 1, so it only applies to an utterance without any known feature


@dataclass(frozen=True, kw_only=True)
class MaxEntConfig:
    """How the classifier is trained; the table keeps the `kept_features` features with the largest weights.

    `bag` adds a bag of aligned words to the MaxEnt.
    """

    classes: Literal["intents", "domains"] = "intents"
    l2: float = 3e-6
    min_feature_count: int = 2
    kept_features: int = 42_000
    tolerance: float = 1e-5  # largest gradient entry at which training has converged
    max_iterations: int = 400
    bag: WordBagConfig | None = None

    def __post_init__(self) -> None:
        check_bounds(
            self,
            l2=NOT_NEGATIVE,
            min_feature_count=POSITIVE,
            kept_features=POSITIVE,
            tolerance=NOT_NEGATIVE,
            max_iterations=POSITIVE,
        )


@dataclass(frozen=True)
class MaxEnt:
    """A trained MaxEnt: weights_VC (idf_f W_fc, zero for padding), squares_V (idf_f^2, zero for padding) and bias_C."""

    weights_VC: Floats
    squares_V: Floats
    bias_C: Floats

    def logits(self, features_BF: NDArray[np.int64]) -> Floats:
        """logits_BC: log P(class | utterance) up to a constant for each utterance."""
        length_B = np.sqrt(np.maximum(self.squares_V[features_BF].sum(axis=1), MIN_SQUARE))
        logits_BC: Floats = self.weights_VC[features_BF].sum(axis=1) / length_B[:, None] + self.bias_C
        return logits_BC

    def scaled(self, factor: float) -> MaxEnt:
        """The MaxEnt whose logits are `factor` times these."""
        return MaxEnt(self.weights_VC * np.float32(factor), self.squares_V, self.bias_C * np.float32(factor))


def build_table(utterances: Iterable[Sequence[str]], *, min_count: int) -> FeatureTable:
    """The features of at least `min_count` utterances (given as words), in order of their hash."""
    counts: Counter[int] = Counter()
    for words in utterances:
        counts.update(set(utterance_features(words)))
    hashes = sorted(feature for feature, count in counts.items() if count >= min_count)
    return FeatureTable(hashes=np.array(hashes, dtype=np.uint32))


def inverse_frequencies(features: Sequence[Sequence[int]], n_ids: int) -> Floats:
    """idf_V of the features; zero for padding."""
    counts_V = np.bincount([feature for ids in features for feature in set(ids)], minlength=n_ids)
    idf_V: Floats = (1.0 + np.log((1.0 + len(features)) / (1.0 + counts_V))).astype(np.float32)
    idf_V[0] = 0.0
    return idf_V


def design_matrix(features: Sequence[Sequence[int]], idf_V: Floats) -> csr_matrix:
    """Sparse (B, V) matrix of unit-length feature vectors."""
    lengths_B = np.array([len(ids) for ids in features])
    starts = np.concatenate([[0], np.cumsum(lengths_B)])
    columns = np.fromiter(
        (feature for ids in features for feature in ids), dtype=np.int32, count=int(starts[-1])
    )
    utterances = np.repeat(np.arange(len(features)), lengths_B)
    squares_B = np.bincount(utterances, weights=idf_V[columns] ** 2, minlength=len(features))
    values = idf_V[columns] / np.sqrt(np.maximum(squares_B, MIN_SQUARE))[utterances]
    return csr_matrix((values.astype(np.float32), columns, starts), shape=(len(features), len(idf_V)))


def fit(
    features: Sequence[Sequence[int]],
    classes_B: NDArray[np.int64],
    *,
    n_ids: int,
    n_classes: int,
    config: MaxEntConfig,
    on_iteration: Callable[[int], None] = lambda _step: None,
) -> MaxEnt:
    """Train on the feature ids of each utterance, all below `n_ids` (the size of the table, padding included).

    `on_iteration(number)` is called after each iteration of L-BFGS.
    """
    idf_V = inverse_frequencies(features, n_ids)
    steps = count(1)
    result = minimize(
        MaxEntObjective(design_matrix(features, idf_V), classes_B, n_classes, config.l2),
        np.zeros((n_ids + 1) * n_classes),
        jac=True,
        method="L-BFGS-B",
        callback=lambda _flat: on_iteration(next(steps)),
        options={"maxiter": config.max_iterations, "gtol": config.tolerance, "ftol": 1e-9, "maxcor": 10},
    )
    theta = result.x.reshape(n_ids + 1, n_classes).astype(np.float32)
    return MaxEnt(weights_VC=theta[:-1] * idf_V[:, None], squares_V=idf_V**2, bias_C=theta[-1])


class MaxEntObjective:
    """The training objective: flat weights of all features and, last, the biases -> (value, flat gradient).

    It computes in the precision of `matrix_BV`.
    """

    def __init__(
        self, matrix_BV: csr_matrix, classes_B: NDArray[np.int64], n_classes: int, l2: float
    ) -> None:
        self._matrix_BV, self._matrix_VB = matrix_BV, matrix_BV.T.tocsr()
        self._gold = (np.arange(len(classes_B)), classes_B)
        self._n_classes, self._l2 = n_classes, l2

    def __call__(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Value and gradient at the parameters `flat`, of length (V + 1) * C."""
        theta = flat.reshape(-1, self._n_classes).astype(self._matrix_BV.dtype)
        weights_VC, bias_C = theta[:-1], theta[-1]
        log_probs_BC = log_softmax(self._matrix_BV @ weights_VC + bias_C, axis=1)
        loss = -float(log_probs_BC[self._gold].mean(dtype=np.float64))
        penalty = 0.5 * self._l2 * float(np.square(weights_VC, dtype=np.float64).sum())
        error_BC = np.exp(log_probs_BC)
        error_BC[self._gold] -= 1.0
        error_BC /= len(error_BC)
        gradient = np.vstack([self._matrix_VB @ error_BC + self._l2 * weights_VC, error_BC.sum(axis=0)])
        return loss + penalty, gradient.ravel().astype(np.float64)


def heaviest_features(model: MaxEnt, count: int) -> NDArray[np.int64]:
    """Ids of the `count` features (padding apart) whose weights have the largest norms, in ascending order."""
    norms = np.linalg.norm(model.weights_VC[1:], axis=1)
    return np.sort(np.argsort(-norms, kind="stable")[:count]) + 1
