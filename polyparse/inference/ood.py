"""The out-of-domain (OOD) score, pure: how likely an utterance is none of the model's domains, given what networks said.

Axes: B utterances, I intents, D domains.

    score = sigmoid(bias + sum over signals of weight * signal), in [0, 1]; above the threshold the utterance is refused

Each signal is a number of one utterance alone, so that the score does not depend on batch mates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError

Floats = NDArray[np.floating]

SMALLEST_PROBABILITY = 1e-30
"""Stands for a probability of 0 in a logarithm, where what it is multiplied by is 0 too."""
FOREIGN_WORDS = "foreign_words"
"""The signal that no corpus gives, but lists of what no domain covers."""
TEMPERATURE = 2.0
"""Of the entropy: above 1, less likely domains count for more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of each utterance of a batch once it is routed. Log-probabilities are the model's own, not calibrated.

    `intent_log_probs_BI` is routing's log P(intent). `unknown_words_B` is the share of tokens that the vocabulary lacks.
    `domain_probs_BD` is P(domain), the sum over its intents; None for a model without domains. `unseen_ngrams_B` (in the
    likeliest domain) and `domain_log_ratio_B` are `TrainingText`'s, `foreign_words_B` is `ForeignWords`'; None for a model
    that keeps no such text, or no weights of words.
    """

    intent_log_probs_BI: Floats
    unknown_words_B: Floats
    domain_probs_BD: Floats | None = None
    unseen_ngrams_B: Floats | None = None
    domain_log_ratio_B: Floats | None = None
    foreign_words_B: Floats | None = None

    def __len__(self) -> int:
        return len(self.unknown_words_B)

    @property
    def likeliest_domains_B(self) -> NDArray[np.integer]:
        """Index of each utterance's likeliest domain; 0 for a model without domains."""
        if self.domain_probs_BD is None:
            return np.zeros(len(self), dtype=np.int64)
        domains_B: NDArray[np.integer] = self.domain_probs_BD.argmax(axis=1)
        return domains_B

    @classmethod
    def join(cls, parts: Sequence[Evidence], order: Sequence[int]) -> Evidence:
        """Parts laid end to end, the utterance at `order[i]` being the i-th of them."""
        back = np.argsort(order)
        joined: dict[str, Any] = {}
        for field in fields(cls):
            arrays = [getattr(part, field.name) for part in parts]
            joined[field.name] = None if arrays[0] is None else np.concatenate(arrays)[back]
        return cls(**joined)


@dataclass(frozen=True, kw_only=True)
class OodScore:
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
    def needs_training_text(self) -> bool:
        """Whether a signal compares utterances with training text."""
        return not self.weights.keys().isdisjoint(("unseen_ngrams", "domain_log_ratio"))

    @property
    def files_read(self) -> list[str]:
        """What of a bundle's text files signals read: `training_text`, and `foreign` where words are weighed."""
        needed = {"training_text": self.needs_training_text, "foreign": FOREIGN_WORDS in self.weights}
        return [file for file, is_read in needed.items() if is_read]

    def scores(self, evidence: Evidence) -> NDArray[np.float32]:
        """How likely each utterance is out of domain, shape (B,)."""
        scores_B: NDArray[np.float32] = (0.5 * (1.0 + np.tanh(0.5 * self.logits(evidence)))).astype(
            np.float32
        )
        return scores_B

    def logits(self, evidence: Evidence) -> NDArray[np.float64]:
        """The bias and the weighted signals of each utterance, shape (B,)."""
        logits_B = np.full(len(evidence), self.bias, dtype=np.float64)
        for name, weight in self.weights.items():
            logits_B += weight * SIGNALS[name](evidence)
        return logits_B


def threshold_of(scores_B: Floats, share: float) -> float:
    """The lowest score of an utterance such that at most `share` of all scores are above it.

    Raises ValueError if there are no scores.
    """
    if not len(scores_B):
        raise ValueError("found no scores, expected some to choose a threshold by")
    ordered_B = np.sort(scores_B)[::-1]
    return float(ordered_B[min(int(share * len(ordered_B)), len(ordered_B) - 1)])


def tempered_domain_entropy(evidence: Evidence) -> Floats:
    """Entropy over the domains at TEMPERATURE, in nats; over the intents for a model without domains.

    A model may well hesitate between two intents of a domain that is surely meant.
    """
    if evidence.domain_probs_BD is None:
        return _tempered_entropy(np.exp(evidence.intent_log_probs_BI))
    return _tempered_entropy(evidence.domain_probs_BD)


def unknown_words(evidence: Evidence) -> Floats:
    """The share of tokens that the vocabulary lacks."""
    return evidence.unknown_words_B


def unseen_ngrams(evidence: Evidence) -> Floats:
    """The share of word 4-grams that training text of the likeliest domain lacks; ConfigError without such text."""
    return _of_training_text(evidence.unseen_ngrams_B)


def domain_log_ratio(evidence: Evidence) -> Floats:
    """How untypical the words are of every domain's training text, in nats a token; ConfigError without such text."""
    return _of_training_text(evidence.domain_log_ratio_B)


def foreign_words(evidence: Evidence) -> Floats:
    """How foreign the words are to all domains, as `ForeignWords` says; ConfigError for a model without their weights."""
    if evidence.foreign_words_B is None:
        raise ConfigError("out-of-domain score: found a model without foreign words, expected their weights")
    return evidence.foreign_words_B


SIGNALS: Mapping[str, Callable[[Evidence], Floats]] = {
    "tempered_domain_entropy": tempered_domain_entropy,
    "unknown_words": unknown_words,
    "unseen_ngrams": unseen_ngrams,
    "domain_log_ratio": domain_log_ratio,
    FOREIGN_WORDS: foreign_words,
}
"""Signals by the names that manifests know them by."""


def _of_training_text(signal_B: Floats | None) -> Floats:
    if signal_B is None:
        raise ConfigError(
            "out-of-domain score: found a model without training text, expected one that keeps it"
        )
    return signal_B


def _tempered_entropy(probs_BX: Floats) -> Floats:
    tempered_BX = probs_BX.astype(np.float64) ** (1.0 / TEMPERATURE)
    tempered_BX /= tempered_BX.sum(axis=1, keepdims=True)
    logs_BX = np.log(np.maximum(tempered_BX, SMALLEST_PROBABILITY))
    entropy_B: Floats = -(tempered_BX * logs_BX).sum(axis=1)
    return entropy_B
