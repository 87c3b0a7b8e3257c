"""What goes in and what comes out: an utterance, and the frame that answers it.

Offsets are code points of the caller's own string, start inclusive, end exclusive; `value == text[start:end]` always.
Confidences are probabilities in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass


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
    """One reading of an utterance; its confidence is P(domain, intent) x P(slots | domain)."""

    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The best reading, and the next ones in order; `domain` or `intent` is None where the corpus has none."""

    text: str
    locale: str | None
    domain: Choice | None
    intent: Choice | None
    slots: tuple[Slot, ...]
    confidence: float
    alternatives: tuple[Alternative, ...] = ()
