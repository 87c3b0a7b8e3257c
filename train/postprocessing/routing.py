"""Routing of a finished run: lambda and the biases of intents, both chosen on dev.

Biases are vector scaling without the scales (Guo et al. 2017, "On calibration of modern neural networks", section 4.2). They
are added to the domain classifier's own biases; in soft routing this equals adding them to the mixture.

Axes: B utterances, I intents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from polyparse.evaluation.evaluate import measure
from polyparse.inference.routing import Routing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser
    from polyparse.text.vectorizer import Item
    from train.config import RunConfig, Select

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]

JOINT_WEIGHTS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8, 1.0)
"""The lambdas that dev chooses from; ties go to the first."""
FOLDS = 5


def routings(config: RunConfig, *, with_classifier: bool) -> list[Routing]:
    """The candidates for `choose_routing`; one only, unless the config leaves lambda open."""
    if not with_classifier or config.classifier is None:
        return [Routing(kind="soft", joint_weight=1.0, classifier_classes="none")]
    is_open = config.routing == "soft" and config.joint_weight is None
    weights = JOINT_WEIGHTS if is_open else (1.0 if config.joint_weight is None else config.joint_weight,)
    return [Routing(config.routing, weight, config.classifier.classes) for weight in weights]


def choose_routing(
    parser: Callable[[Routing], Parser],
    candidates: Sequence[Routing],
    dev: Sequence[Example],
    items: Sequence[Item],
    log: Callable[[dict[str, Any]], None] = lambda _entry: None,
    *,
    select: Select = "exact_match",
) -> tuple[Routing, dict[str, Any]]:
    """The candidate that dev selects (the first of equal ones) and its measures; logs each candidate."""
    usable = [position for position, item in enumerate(items) if item.n_tokens]
    tried: list[tuple[float, Routing, dict[str, Any]]] = []
    for routing in candidates:
        frames = parser(routing).run_all([items[position] for position in usable])
        measures = measure([dev[position] for position in usable], frames)
        log({"joint_weight": routing.joint_weight, "dev": measures["mean"]})
        tried.append((measures["mean"][select] or 0.0, routing, measures))
    _, best, measures = max(tried, key=lambda entry: entry[0])
    return best, measures


def choose_intent_bias(
    parser: Parser, dev: Sequence[Example], items: Sequence[Item], *, penalty: float
) -> tuple[Numbers, dict[str, float]]:
    """bias_I for the mixture, and the intent accuracy on dev without it, with it and by cross-fitting."""
    intent_ids = parser.labels.intent_ids
    usable = [
        (item, example)
        for item, example in zip(items, dev, strict=True)
        if item.n_tokens and example.intent in intent_ids
    ]
    if not usable:
        return np.zeros(len(parser.labels.intents)), {}
    log_probs_BI = parser.evidence([item for item, _ in usable]).intent_log_probs_BI.astype(np.float64)
    intents_B = np.array([intent_ids[str(example.intent)] for _, example in usable])
    bias_I = fit_bias(log_probs_BI, intents_B, penalty)
    right = {
        "without": log_probs_BI.argmax(axis=1) == intents_B,
        "fitted": (log_probs_BI + bias_I).argmax(axis=1) == intents_B,
        "cross_fitted": cross_fitted(log_probs_BI, intents_B, [example.id for _, example in usable], penalty),
    }
    return bias_I, {name: float(right_B.mean()) for name, right_B in right.items()}


def fit_bias(log_probs_BI: Numbers, intents_B: Integers, penalty: float) -> Numbers:
    """bias_I that, added to log P(intent), minimises mean cross entropy + penalty * |bias|^2."""
    utterances_B = np.arange(len(intents_B))

    def objective(bias_I: Numbers) -> tuple[float, Numbers]:
        moved_BI = log_softmax(log_probs_BI + bias_I, axis=1)
        error_BI = np.exp(moved_BI)
        error_BI[utterances_B, intents_B] -= 1.0
        loss = -float(moved_BI[utterances_B, intents_B].mean()) + penalty * float(bias_I @ bias_I)
        return loss, error_BI.mean(axis=0) + 2.0 * penalty * bias_I

    start_I = np.zeros(log_probs_BI.shape[1])
    fitted_I: Numbers = minimize(objective, start_I, jac=True, method="L-BFGS-B").x
    return fitted_I


def cross_fitted(
    log_probs_BI: Numbers, intents_B: Integers, ids: Sequence[str], penalty: float
) -> NDArray[np.bool_]:
    """Which intents are right with biases fitted to other utterances, in FOLDS folds; translations are in the same fold."""
    fold_of = {utterance: number % FOLDS for number, utterance in enumerate(dict.fromkeys(ids))}
    fold_B = np.array([fold_of[utterance] for utterance in ids])
    right_B = np.zeros(len(intents_B), dtype=np.bool_)
    for fold in range(FOLDS):
        held_out_B = fold_B == fold
        others_B = ~held_out_B
        bias_I = fit_bias(log_probs_BI[others_B], intents_B[others_B], penalty) if others_B.any() else 0.0
        predicted_B = (log_probs_BI[held_out_B] + bias_I).argmax(axis=1)
        right_B[held_out_B] = predicted_B == intents_B[held_out_B]
    return right_B
