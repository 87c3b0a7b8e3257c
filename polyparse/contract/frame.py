"""Input and output of a model: an utterance, and the frame that answers it.

Offsets are code points of the caller's own string, start inclusive, end exclusive; `value == text[start:end]` always.
Confidences are probabilities in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Literal

from polyparse.errors import ModelRunFailed


@dataclass(frozen=True, slots=True)
class Utterance:
    """One text to parse into the `n_best` best hypotheses; `allow_refusal` is whether it may be refused."""

    text: str
    locale: str | None = None
    n_best: int = 1
    allow_refusal: bool = True


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


Reason = Literal["domain", "language"]
"""Why a frame is refused: no domain of the model covers the text, or none of its languages is the text's."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame has no domain and no intent."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Alternative:
    """One hypothesis about an utterance; its confidence is P(domain, intent) x P(slots | domain), both calibrated."""

    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The best hypothesis, and the next ones in order; `domain` or `intent` is None where the corpus has none.

    `out_of_domain` is how likely the utterance is none of the model's; None for a model without such a score. A refused
    frame has no domain, intent or slots, and the confidence of the hypothesis that was refused; where several hypotheses
    were asked for, its alternatives are all of them, that one first.
    """

    text: str
    locale: str | None
    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
    out_of_domain: float | None = None
    refused: Refusal | None = None


def probability(value: float) -> float:
    """The value, but at most 1, which rounding may exceed.

    Raises:
        ModelRunFailed: it is NaN or infinite, which must not be taken for certainty.
    """
    if not isfinite(value):
        raise ModelRunFailed(f"confidence: found {value}, expected a number from 0 to 1")
    return min(1.0, value)
