"""Routing, pure: which (domain, intent) readings of an utterance are decoded, and how probable each is.

Axes: B utterances, I intents, D domains, X classes of the domain classifier (intents or domains).

Soft: log P(d, i) = lambda * log P_joint(i) + (1 - lambda) * log P_DC(i), normalised over the intents.
Hard (the paper's): the domain comes from DC alone, the intent from the joint network within that domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.labels import Labels

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Routing:
    """`joint_weight` is lambda; `classifier` names the classes of DC ("none": there is no DC)."""

    kind: Literal["soft", "hard"] = "soft"
    joint_weight: float = 0.5
    classifier: Literal["intents", "domains", "none"] = "intents"


@dataclass(frozen=True, slots=True)
class Route:
    """One reading to decode. Domain or intent is None where the corpus has none; probabilities then are 1."""

    domain: int | None
    intent: int | None
    domain_prob: float
    intent_prob: float
    log_prob: float


def log_normalise(scores_BX: Floats) -> Floats:
    """log-softmax over the last axis."""
    shifted = scores_BX - scores_BX.max(axis=-1, keepdims=True)
    normalised: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def domain_log_probs(classified_BX: Floats, labels: Labels, routing: Routing) -> Floats:
    """log P_DC(domain), shape (B, D): a domain's probability is the sum over its intents."""
    if routing.classifier == "domains":
        return classified_BX
    return _log_sums(classified_BX, labels)


def rank(
    joint_BI: Floats, classified_BX: Floats | None, labels: Labels, routing: Routing, n_best: Sequence[int]
) -> list[list[Route]]:
    """The `n_best[b]` best routes of each utterance, best first; all of them where there are fewer."""
    if not labels.intents:
        return [[Route(None, None, 1.0, 1.0, 0.0)] for _ in n_best]
    if not labels.domains or classified_BX is None or routing.kind == "soft":
        log_probs_BI = log_normalise(_mixture(joint_BI, classified_BX, labels, routing))
        order_BI = np.argsort(-log_probs_BI, axis=1, kind="stable")
    else:
        domains_BD = domain_log_probs(classified_BX, labels, routing)
        owner_I = np.array(labels.intent_domains)
        exact_BI = joint_BI.astype(np.float64)  # float32 is too coarse for differences of large logarithms
        within_BI = exact_BI - _log_sums(exact_BI, labels)[:, owner_I]
        log_probs_BI = domains_BD[:, owner_I] + within_BI
        place_BD = np.argsort(np.argsort(-domains_BD, axis=1, kind="stable"), axis=1)
        order_BI = np.lexsort((-within_BI, place_BD[:, owner_I]), axis=1)
    return [_routes(log_probs_BI[b], order_BI[b, :n], labels) for b, n in enumerate(n_best)]


def _mixture(joint_BI: Floats, classified_BX: Floats | None, labels: Labels, routing: Routing) -> Floats:
    if classified_BX is None or routing.classifier == "none":
        return joint_BI
    if routing.classifier == "domains":
        classified_BX = classified_BX[:, list(labels.intent_domains)]
    return routing.joint_weight * joint_BI + (1.0 - routing.joint_weight) * classified_BX


def _routes(log_probs_I: NDArray[np.floating], order: NDArray[np.intp], labels: Labels) -> list[Route]:
    probs_I = np.exp(log_probs_I)
    if not labels.domains:
        return [Route(None, int(i), 1.0, float(probs_I[i]), float(log_probs_I[i])) for i in order]
    domain_probs = np.bincount(labels.intent_domains, weights=probs_I, minlength=len(labels.domains))
    return [
        Route(
            domain=(domain := labels.intent_domains[i]),
            intent=int(i),
            domain_prob=min(1.0, float(domain_probs[domain])),
            intent_prob=float(probs_I[i]),
            log_prob=float(log_probs_I[i]),
        )
        for i in order
    ]


def _log_sums(log_probs_BI: NDArray[np.floating], labels: Labels) -> NDArray[np.floating]:
    """(B, D): log of the summed probabilities of each domain's intents, sound where all of them are tiny."""
    inside_DI = np.array(labels.intent_domains) == np.arange(len(labels.domains))[:, None]
    of_domain_BDI = np.where(inside_DI, log_probs_BI[:, None], -np.inf)
    peak_BD = of_domain_BDI.max(axis=2)
    sums: NDArray[np.floating] = peak_BD + np.log(np.exp(of_domain_BDI - peak_BD[:, :, None]).sum(axis=2))
    return sums
