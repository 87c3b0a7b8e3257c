"""Routing, pure: which (domain, intent) hypotheses about an utterance are decoded, and how probable each is.

Axes: B utterances, I intents, D domains, X classes of the domain classifier (intents or domains).

Soft: log P(d, i) = lambda * log P_joint(i) + (1 - lambda) * log P_DC(i), normalised over the intents.
Hard (Tan & Golovneva 2020): the domain comes from DC alone, the intent from the joint network within that domain.

Temperatures (see `polyparse.inference.calibration`) divide log-probabilities, which are then normalised anew: over the
intents when soft, over the domains and over the intents within each when hard. The order of hypotheses stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.contract.labels import Labels
    from polyparse.inference.calibration import Temperatures

    Floats = NDArray[np.float32]

AnyFloat = TypeVar("AnyFloat", bound=np.floating)


@dataclass(frozen=True)
class Routing:
    """`joint_weight` is lambda; `classifier_classes` are the classes of DC ("none": there is no DC)."""

    kind: Literal["soft", "hard"] = "soft"
    joint_weight: float = 0.5
    classifier_classes: Literal["intents", "domains", "none"] = "intents"


@dataclass(frozen=True, slots=True)
class Route:
    """One hypothesis to decode. Domain or intent is None where the corpus has none; probabilities then are 1."""

    domain: int | None
    intent: int | None
    domain_prob: float
    intent_prob: float
    log_prob: float


def log_normalise(scores_BX: NDArray[AnyFloat]) -> NDArray[AnyFloat]:
    """log-softmax over the last axis."""
    shifted = scores_BX - scores_BX.max(axis=-1, keepdims=True)
    normalised: NDArray[AnyFloat] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return normalised


def domain_log_probs(classified_BX: Floats, labels: Labels, routing: Routing) -> Floats:
    """log P_DC(domain), shape (B, D): a domain's probability is the sum over its intents."""
    if routing.classifier_classes == "domains":
        return classified_BX
    return _log_sums(classified_BX, labels)


def rank(
    log_probs_BI: NDArray[np.floating],
    classified_BX: Floats | None,
    labels: Labels,
    routing: Routing,
    n_best: Sequence[int],
    *,
    temperatures: Temperatures | None = None,
) -> list[list[Route]]:
    """The `n_best[b]` best routes of each utterance, best first; all of them where there are fewer.

    `log_probs_BI` are those of `routed_log_probs`.
    """
    if not labels.intents:
        return [[Route(None, None, 1.0, 1.0, 0.0)] for _ in n_best]
    if classified_BX is None or is_soft(labels, routing):
        order_BI = _largest_first(log_probs_BI, max(n_best))
    else:
        domains_BD = domain_log_probs(classified_BX, labels, routing)
        rank_BD = np.argsort(np.argsort(-domains_BD, axis=1, kind="stable"), axis=1)
        order_BI = np.lexsort((-log_probs_BI, rank_BD[:, labels.owner_I]), axis=1)
    if temperatures is not None:
        log_probs_BI = temper(log_probs_BI, labels, routing, temperatures)
    return _routes(log_probs_BI, order_BI, labels, n_best)


def routed_log_probs(
    joint_BI: Floats, classified_BX: Floats | None, labels: Labels, routing: Routing
) -> NDArray[np.floating]:
    """log P(intent), shape (B, I), before any temperature."""
    if not labels.intents:
        return joint_BI
    if classified_BX is None or is_soft(labels, routing):
        return log_normalise(_mixture(joint_BI, classified_BX, labels, routing))
    domains_BD = domain_log_probs(classified_BX, labels, routing)
    owner_I = labels.owner_I
    exact_BI = joint_BI.astype(np.float64)  # float32 is too coarse for differences of large logarithms
    return domains_BD[:, owner_I] + (exact_BI - _log_sums(exact_BI, labels)[:, owner_I])


def summed_by_domain(log_probs_BI: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
    """P(domain), shape (B, D): the sum over its intents."""
    probs_BD: NDArray[np.float64] = np.exp(log_probs_BI) @ labels.inside_ID
    return probs_BD


def temper(
    log_probs_BI: NDArray[np.floating], labels: Labels, routing: Routing, temperatures: Temperatures
) -> NDArray[np.floating]:
    """log P(intent) under temperatures, which keep soft routing's order of intents and hard routing's within a domain."""
    if is_soft(labels, routing):
        return log_normalise(log_probs_BI / temperatures.intent_B1)
    owner_I = labels.owner_I
    domains_BD = _log_sums(log_probs_BI, labels)
    within_BI = (log_probs_BI - domains_BD[:, owner_I]) / temperatures.intent_B1
    within_BI = within_BI - _log_sums(within_BI, labels)[:, owner_I]
    return log_normalise(domains_BD / temperatures.domain_B1)[:, owner_I] + within_BI


def is_soft(labels: Labels, routing: Routing) -> bool:
    """Whether intents are ranked all together, and not within their domains."""
    return routing.kind == "soft" or routing.classifier_classes == "none" or not labels.domains


def _mixture(joint_BI: Floats, classified_BX: Floats | None, labels: Labels, routing: Routing) -> Floats:
    if classified_BX is None or routing.classifier_classes == "none":
        return joint_BI
    if routing.classifier_classes == "domains":
        classified_BX = classified_BX[:, labels.owner_I]
    return routing.joint_weight * joint_BI + (1.0 - routing.joint_weight) * classified_BX


def _largest_first(log_probs_BI: NDArray[np.floating], n: int) -> NDArray[np.intp]:
    """At least the n likeliest intents of each utterance, in order; of equal ones the first comes first."""
    if n == 1:  # as in nearly all requests
        best_B1: NDArray[np.intp] = log_probs_BI.argmax(axis=1, keepdims=True)
        return best_B1
    return np.argsort(-log_probs_BI, axis=1, kind="stable")


def _routes(
    log_probs_BI: NDArray[np.floating], order_BI: NDArray[np.intp], labels: Labels, n_best: Sequence[int]
) -> list[list[Route]]:
    """The first `n_best[b]` intents of each utterance's order, as routes."""
    order_BN = order_BI[:, : max(n_best)]
    log_probs_BN = log_probs_BI[_index_B1(order_BN), order_BN]
    domain_BN, domain_probs_BN = _domains(log_probs_BI, order_BN, labels)
    columns = (domain_BN, order_BN, domain_probs_BN, np.exp(log_probs_BN), log_probs_BN)
    utterances = zip(*(column_BN.tolist() for column_BN in columns), strict=True)
    return [
        list(map(Route, *(column[:n] for column in utterance)))
        for utterance, n in zip(utterances, n_best, strict=True)
    ]


def _domains(
    log_probs_BI: NDArray[np.floating], order_BN: NDArray[np.intp], labels: Labels
) -> tuple[NDArray[Any], NDArray[np.floating]]:
    """The domain of each chosen intent, and its probability; None and 1 where there are none."""
    if not labels.domains:
        return np.full(order_BN.shape, None), np.ones(order_BN.shape)
    probs_BD = summed_by_domain(log_probs_BI, labels)
    domain_BN = labels.owner_I[order_BN]
    return domain_BN, np.minimum(probs_BD[_index_B1(domain_BN), domain_BN], 1.0)


def _index_B1(indices_BN: NDArray[np.intp]) -> NDArray[np.intp]:
    """0 to B - 1: `x_BX[_index_B1(i), i]` is `np.take_along_axis(x_BX, i, 1)` in a third of its time for a batch of one."""
    return np.arange(len(indices_BN))[:, None]


def _log_sums(log_probs_BI: NDArray[np.floating], labels: Labels) -> NDArray[np.floating]:
    """(B, D): log of the summed probabilities of each domain's intents, exact also where all of them are tiny."""
    inside_DI = labels.owner_I == np.arange(len(labels.domains))[:, None]
    of_domain_BDI = np.where(inside_DI, log_probs_BI[:, None], -np.inf)
    peak_BD = of_domain_BDI.max(axis=2)
    sums: NDArray[np.floating] = peak_BD + np.log(np.exp(of_domain_BDI - peak_BD[:, :, None]).sum(axis=2))
    return sums
