"""What goes in and what comes out: an utterance, and the frame that answers it.

Offsets are code points of the caller's own string, start inclusive, end exclusive; `value == text[start:end]` always.
Confidences are probabilities in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from polyparse.errors import ModelRunFailed


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text to parse; `n_best` frames are wanted, the best first."""

    text: str
    locale: str | None = None
    n_best: int = 1


@dataclass(frozen=True, slots=True)
class Choice:
    """A label and its probability."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Slot:
    """A named piece of the text; its confidence is the probability of the span under the head's marginals."""

    name: str
    value: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """One reading of an utterance; its confidence is P(domain, intent) x P(slots | domain), both calibrated."""

    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The best reading, and the next ones in order; `domain` or `intent` is None where the corpus has none.

    `out_of_domain` is how likely the utterance is none of the model's; None for a model that does not judge it. A refused
    frame has no domain, intent or slots, and the confidence of the reading that was refused; where several readings were
    asked for, its alternatives are all of them, that one first.
    """

    text: str
    locale: str | None
    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    out_of_domain: float | None = None

    @property
    def refused(self) -> bool:
        """Whether the utterance was taken for one out of the model's domains."""
        return self.out_of_domain is not None and self.intent is None


def probability(value: float) -> float:
    """The value, without what rounding adds above 1.

    Raises:
        ModelRunFailed: it is no number: a graph gave NaN or an infinity, which must not pass for certainty.
    """
    if not isfinite(value):
        raise ModelRunFailed(f"confidence: found {value}, expected a number from 0 to 1")
    return min(1.0, value)
