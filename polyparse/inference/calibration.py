"""Calibration, pure: from a model's own probabilities to confidences that are true on average.

Axes: B utterances. Each locale has a scale, and the pooled one answers for requests of no locale, or of one without its own.

    P'(intent)         in proportion to P(intent) ** (1 / T): temperature scaling (Guo et al. 2017, section 4.2)
    odds'(path)        exp(offset) * odds(path) ** slope: logistic in the log odds (Platt 1999)
    P'(domain, intent, slots) = P'(intent) * P'(path)

Both maps increase, so that neither a decision nor the order of hypotheses changes; and none depends on how many hypotheses
were asked for, since temperatures act on all intents, decoded or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, expm1
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from polyparse.errors import ConfigError

MIN_ERROR_PROBABILITY = 1e-6
"""The least probability that a path is wrong: a float32 log-probability cannot tell smaller values of 1 - P apart."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Parameters of one locale; the defaults change nothing.

    `domain_temperature` is for hard routing, which makes domains of DC alone; soft routing's domains are sums of intents.
    """

    intent_temperature: float = 1.0
    domain_temperature: float = 1.0
    path_slope: float = 1.0
    path_offset: float = 0.0

    def __post_init__(self) -> None:
        """Raise ConfigError for a value under which the maps would not increase, or would overflow."""
        for name, (low, high) in _BOUNDS.items():
            if not low <= (value := getattr(self, name)) <= high:
                raise ConfigError(f"{name}: found {value}, expected a number from {low:g} to {high:g}")

    def path_probability(self, log_prob: float) -> float:
        """P'(path) of log P(path), which is at most 0; NaN stays NaN."""
        right = exp(self.path_offset + self.path_slope * log_prob)
        wrong: float = max(-expm1(log_prob), MIN_ERROR_PROBABILITY) ** self.path_slope
        return right / (right + wrong)


class Temperatures(NamedTuple):
    """What each utterance's log-probabilities of intents, and of domains under hard routing, are divided by."""

    intent_B1: NDArray[np.float32]
    domain_B1: NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A model's scales by locale, and the pooled one."""

    pooled: Scale
    locales: Mapping[str, Scale]

    def scale(self, locale: str | None) -> Scale:
        """The scale of a locale, or the pooled one."""
        return self.pooled if locale is None else self.locales.get(locale, self.pooled)

    def temperatures(self, locales: Sequence[str | None]) -> Temperatures:
        """Temperatures of a batch, given the locale of each utterance."""
        scales = [self.scale(locale) for locale in locales]
        return Temperatures(
            np.array([scale.intent_temperature for scale in scales], dtype=np.float32)[:, None],
            np.array([scale.domain_temperature for scale in scales], dtype=np.float32)[:, None],
        )


_BOUNDS = {
    "intent_temperature": (0.01, 100.0),
    "domain_temperature": (0.01, 100.0),
    "path_slope": (0.01, 100.0),
    "path_offset": (-100.0, 100.0),
}
