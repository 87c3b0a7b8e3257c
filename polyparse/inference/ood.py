"""Rejection, pure: how likely an utterance is out of the model's domains, from what the model made of it.

Axes: B utterances, I intents, D domains, X classes of the domain classifier.

    score = sigmoid(bias + sum over signals of weight * signal), in [0, 1]; above the threshold the utterance is refused

Each signal is a number of one utterance alone, so that the score does not depend on batch mates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError

Floats = NDArray[np.floating]

LEAST = 1e-30
"""Stands for a probability of 0 in a logarithm, where what it is multiplied by is 0 too."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each utterance of a batch once it is routed. Log-probabilities are the model's own, not calibrated.

    `mixture_BI` is routing's log P(intent), over all intents. `joint_BI` is the joint network's; None where each domain
    has a network of its own. `classified_BX` is DC's, None without one. `unknown_share_B` is the share of tokens that the
    vocabulary lacks. `domains_BD` is P(domain), the sum over its intents in the mixture; None for a model without domains.
    `novelty_B` (in the likeliest domain) and `atypicality_B` are `SeenText`'s; None for a model that keeps no such text.
    """

    mixture_BI: Floats
    joint_BI: Floats | None
    classified_BX: Floats | None
    unknown_share_B: Floats
    lengths_B: NDArray[np.integer]
    domains_BD: Floats | None = None
    novelty_B: Floats | None = None
    atypicality_B: Floats | None = None

    @property
    def likeliest_domains_B(self) -> NDArray[np.integer]:
        """The domain that each utterance is taken for; 0 for a model without domains."""
        if self.domains_BD is None:
            return np.zeros(len(self.lengths_B), dtype=np.int64)
        found: NDArray[np.integer] = self.domains_BD.argmax(axis=1)
        return found

    def against_text(self, novelty_B: Floats, atypicality_B: Floats) -> Evidence:
        """The same, and what training text says of the utterances."""
        return Evidence(
            self.mixture_BI,
            self.joint_BI,
            self.classified_BX,
            self.unknown_share_B,
            self.lengths_B,
            self.domains_BD,
            novelty_B,
            atypicality_B,
        )


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """When to refuse: weights by name of signal. A score above the threshold is out of domain."""

    threshold: float
    weights: Mapping[str, float]
    bias: float

    def __post_init__(self) -> None:
        """Raise ConfigError for a signal that is not known, or a number that is no number."""
        if not 0.0 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold: found {self.threshold}, expected a number from 0 to 1")
        for name, value in {"bias": self.bias, **self.weights}.items():
            if not isfinite(value):
                raise ConfigError(f"{name}: found {value}, expected a finite number")
        for name in self.weights:
            if name not in SIGNALS:
                raise ConfigError(f"weights: found signal {name!r}, expected some of {', '.join(SIGNALS)}")

    @property
    def needs_seen_text(self) -> bool:
        """Whether a signal holds utterances against training text."""
        return not self.weights.keys().isdisjoint(("novelty", "atypicality"))


def scores(rejection: Rejection, evidence: Evidence) -> NDArray[np.float32]:
    """How likely each utterance is out of domain, shape (B,)."""
    total_B = np.full(len(evidence.lengths_B), rejection.bias, dtype=np.float64)
    for name, weight in rejection.weights.items():
        total_B += weight * SIGNALS[name](evidence)
    found: NDArray[np.float32] = (0.5 * (1.0 + np.tanh(0.5 * total_B))).astype(np.float32)
    return found


def surprise(evidence: Evidence) -> Floats:
    """-log P of the likeliest intent."""
    found: Floats = -evidence.mixture_BI.max(axis=1)
    return found


def doubt(evidence: Evidence) -> Floats:
    """Entropy over the intents, in nats."""
    return _entropy(evidence.mixture_BI)


def broad_doubt(evidence: Evidence) -> Floats:
    """Entropy over the intents at temperature 2, in nats: what the runners-up say counts for more."""
    return _entropy(_tempered(evidence.mixture_BI, 2.0))


def broad_domain_doubt(evidence: Evidence) -> Floats:
    """Entropy over the domains at temperature 2, in nats; over the intents for a model without domains.

    A model may well doubt between two intents of a domain that is surely meant.
    """
    if evidence.domains_BD is None:
        return broad_doubt(evidence)
    roots_BD = np.sqrt(evidence.domains_BD, dtype=np.float64)  # P ** (1 / temperature)
    roots_BD /= roots_BD.sum(axis=1, keepdims=True)
    found: Floats = -(roots_BD * np.log(np.maximum(roots_BD, LEAST))).sum(axis=1)
    return found


def joint_broad_doubt(evidence: Evidence) -> Floats:
    """`broad_doubt` of the joint network; the mixture's where each domain has a network of its own."""
    return _entropy(_tempered(_joint(evidence), 2.0))


def classifier_broad_doubt(evidence: Evidence) -> Floats:
    """`broad_doubt` of the domain classifier; the mixture's without one."""
    return _entropy(_tempered(_classified(evidence), 2.0))


def flatness(evidence: Evidence) -> Floats:
    """The mean of log P over the intents, less the largest: minus how far the best logit stands out, at most 0.

    Where P says only which intent is likelier than another, this says how much any of them has in its favour: it is the
    largest logit, the mean of all taken for zero.
    """
    return _flatness(evidence.mixture_BI)


def joint_flatness(evidence: Evidence) -> Floats:
    """`flatness` of the joint network; the mixture's where each domain has a network of its own."""
    return _flatness(_joint(evidence))


def classifier_flatness(evidence: Evidence) -> Floats:
    """`flatness` of the domain classifier; the mixture's without one."""
    return _flatness(_classified(evidence))


def unknown_share(evidence: Evidence) -> Floats:
    """The share of tokens that the vocabulary lacks."""
    return evidence.unknown_share_B


def novelty(evidence: Evidence) -> Floats:
    """The share of word 4-grams that training text of the likeliest domain lacks; ConfigError without such text."""
    return _against_text(evidence.novelty_B)


def atypicality(evidence: Evidence) -> Floats:
    """How little the words are those of any domain's training text, in nats a token; ConfigError without such text."""
    return _against_text(evidence.atypicality_B)


def length(evidence: Evidence) -> Floats:
    """Logarithm of the number of tokens: a long utterance says enough to leave less doubt."""
    found: Floats = np.log(evidence.lengths_B)
    return found


SIGNALS: Mapping[str, Callable[[Evidence], Floats]] = {
    "surprise": surprise,
    "doubt": doubt,
    "broad_doubt": broad_doubt,
    "broad_domain_doubt": broad_domain_doubt,
    "joint_broad_doubt": joint_broad_doubt,
    "classifier_broad_doubt": classifier_broad_doubt,
    "flatness": flatness,
    "joint_flatness": joint_flatness,
    "classifier_flatness": classifier_flatness,
    "unknown_share": unknown_share,
    "novelty": novelty,
    "atypicality": atypicality,
    "length": length,
}
"""Signals by the names that manifests know them by."""


def _joint(evidence: Evidence) -> Floats:
    return evidence.mixture_BI if evidence.joint_BI is None else evidence.joint_BI


def _classified(evidence: Evidence) -> Floats:
    return evidence.mixture_BI if evidence.classified_BX is None else evidence.classified_BX


def _against_text(found_B: Floats | None) -> Floats:
    if found_B is None:
        raise ConfigError("rejection: found no text that training saw, expected a model that keeps it")
    return found_B


def _tempered(log_probs_BX: Floats, temperature: float) -> Floats:
    """log-softmax of the log-probabilities over the temperature."""
    scaled_BX = log_probs_BX.astype(np.float64) / temperature
    scaled_BX -= scaled_BX.max(axis=1, keepdims=True)
    found: Floats = scaled_BX - np.log(np.exp(scaled_BX).sum(axis=1, keepdims=True))
    return found


def _entropy(log_probs_BX: Floats) -> Floats:
    found: Floats = -(np.exp(log_probs_BX) * log_probs_BX).sum(axis=1, dtype=np.float64)
    return found


def _flatness(log_probs_BX: Floats) -> Floats:
    found: Floats = log_probs_BX.mean(axis=1, dtype=np.float64) - log_probs_BX.max(axis=1)
    return found
