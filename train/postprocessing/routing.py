"""How a finished run mixes its two classifiers of intents: the weight and the biases that dev prefers.

Biases are vector scaling without the scales (Guo et al. 2017, "On calibration of modern neural networks", section 4.2). They
move the domain classifier's own, which in soft routing is the same as to move those of the mixture.

Axes: B utterances, I intents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from benchmarks.unseen_domains.evidence import gather
from polyparse.evaluation.evaluate import measure, parse_all
from polyparse.inference.routing import Routing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.inference.pipeline import Pipeline
    from polyparse.text.vectorizer import Item
    from train.config import RunConfig

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]

JOINT_WEIGHTS = (
    0.3,
    0.35,
    0.4,
    0.45,
    0.5,
    0.55,
    0.6,
    0.7,
    0.8,
    1.0,
)  # lambdas that dev chooses from; ties go to the first
FOLDS = 5


def routings(config: RunConfig, *, with_classifier: bool) -> list[Routing]:
    """The routings that dev chooses from."""
    if not with_classifier or config.classifier is None:
        return [Routing(kind="soft", joint_weight=1.0, classifier="none")]
    open_choice = config.routing == "soft" and config.joint_weight is None
    weights = JOINT_WEIGHTS if open_choice else (1.0 if config.joint_weight is None else config.joint_weight,)
    return [Routing(config.routing, weight, config.classifier.classes) for weight in weights]


def choose_routing(
    pipeline: Callable[[Routing], Pipeline],
    candidates: Sequence[Routing],
    dev: Sequence[Example],
    items: Sequence[Item],
    log: Callable[[dict[str, Any]], None] = lambda _entry: None,
) -> tuple[Routing, dict[str, Any]]:
    """The routing of the best exact match on dev, of equal ones the first, with its measures; each is logged."""
    usable = [row for row, item in enumerate(items) if item.n_tokens]
    found: list[tuple[float, Routing, dict[str, Any]]] = []
    for routing in candidates:
        frames = parse_all(pipeline(routing), [items[row] for row in usable])
        measures = measure([dev[row] for row in usable], frames)
        log({"joint_weight": routing.joint_weight, "dev": measures["mean"]})
        found.append((measures["mean"]["exact_match"] or 0.0, routing, measures))
    _, best, measures = max(found, key=lambda entry: entry[0])
    return best, measures


def bias_of_dev(
    pipeline: Pipeline, labels: Labels, dev: Sequence[Example], items: Sequence[Item], *, penalty: float
) -> tuple[Numbers, dict[str, float]]:
    """bias_I of the mixture, and the share of intents right without it, with it, and under biases of other utterances."""
    rows = labels.intent_rows
    usable = [(item, e) for item, e in zip(items, dev, strict=True) if item.n_tokens and e.intent in rows]
    if not usable:
        return np.zeros(len(labels.intents)), {}
    log_probs_BI = gather(pipeline, [item for item, _ in usable]).mixture_BI.astype(np.float64)
    intents_B = np.array([rows[str(example.intent)] for _, example in usable])
    bias_I = fit_bias(log_probs_BI, intents_B, penalty)
    right = {
        "without": log_probs_BI.argmax(axis=1) == intents_B,
        "fitted": (log_probs_BI + bias_I).argmax(axis=1) == intents_B,
        "cross_fitted": cross_fitted(log_probs_BI, intents_B, [example.id for _, example in usable], penalty),
    }
    return bias_I, {name: float(right_B.mean()) for name, right_B in right.items()}


def fit_bias(log_probs_BI: Numbers, intents_B: Integers, penalty: float) -> Numbers:
    """bias_I that, added to log P(intent), makes the true intents likeliest: mean cross entropy and penalty * |bias|^2."""
    rows_B = np.arange(len(intents_B))

    def objective(bias_I: Numbers) -> tuple[float, Numbers]:
        moved_BI = log_softmax(log_probs_BI + bias_I, axis=1)
        error_BI = np.exp(moved_BI)
        error_BI[rows_B, intents_B] -= 1.0
        loss = -float(moved_BI[rows_B, intents_B].mean()) + penalty * float(bias_I @ bias_I)
        return loss, error_BI.mean(axis=0) + 2.0 * penalty * bias_I

    found: Numbers = minimize(objective, np.zeros(log_probs_BI.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def cross_fitted(
    log_probs_BI: Numbers, intents_B: Integers, ids: Sequence[str], penalty: float
) -> NDArray[np.bool_]:
    """Which utterances are right under biases fitted to the others: of FOLDS parts, translations in one, each in turn."""
    part_of = {utterance: number % FOLDS for number, utterance in enumerate(dict.fromkeys(ids))}
    part_B = np.array([part_of[utterance] for utterance in ids])
    right_B = np.zeros(len(intents_B), dtype=np.bool_)
    for part in range(FOLDS):
        own_B = part_B == part
        others_B = ~own_B
        bias_I = fit_bias(log_probs_BI[others_B], intents_B[others_B], penalty) if others_B.any() else 0.0
        right_B[own_B] = (log_probs_BI[own_B] + bias_I).argmax(axis=1) == intents_B[own_B]
    return right_B
