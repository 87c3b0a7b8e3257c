"""The gates that a bundle passes before it is written: it answers as its checkpoint does, in company as alone.

Two frames agree when domain, intent and spans are the same and every probability is within TOLERANCE. Where two readings
tie, rounding decides and either may come first: they share what probability there is, so that each has half of it at most,
and the same within TOLERANCE. Ties are rare; a run with many of them has something else wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from polyparse.errors import GateFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.inference.pipeline import Outcome
    from polyparse.text.vectorizer import Item

    Run = Callable[[Sequence[Item]], Outcome]

TOLERANCE = 1e-4
TIED_RATIO = 0.01  # of a probability that is small against TOLERANCE
TIED_SHARE = 100  # one utterance in so many may tie; one in fewer
MOST_LOST = 0.003  # of exact match, shipped bytes against the checkpoint
RAGGED_BATCH = 32
SEED = 20


@dataclass(frozen=True)
class Agreement:
    """How two runs over the same items compare."""

    utterances: int
    ties: int
    largest_difference: float


def in_ragged_batches(run: Run, items: Sequence[Item], *, size: int = RAGGED_BATCH) -> list[Frame]:
    """Frames in the items' order, parsed in batches of mixed lengths."""
    order = list(range(len(items)))
    Random(SEED).shuffle(order)  # noqa: S311  no secret depends on it
    frames: dict[int, Frame] = {}
    for first in range(0, len(order), size):
        rows = order[first : first + size]
        frames.update(zip(rows, run([items[row] for row in rows]).frames, strict=True))
    return [frames[row] for row in range(len(items))]


def alone(run: Run, items: Sequence[Item]) -> list[Frame]:
    """Frames in the items' order, each parsed by itself."""
    return [run([item]).frames[0] for item in items]


def agree(gate: str, found: Sequence[Frame], expected: Sequence[Frame], *, file: Path) -> Agreement:
    """Compare two runs; raises GateFailed, naming gate and utterance, at the first pair that disagrees, or at many ties."""
    ties, largest = 0, 0.0
    for one, other in zip(found, expected, strict=True):
        if _decision(one) == _decision(other):
            largest = max(largest, _difference(gate, one, other, file=file))
        elif _tied(one, other):
            ties += 1
        else:
            raise GateFailed(
                f"{gate}: {one.text!r}: found {_decision(one)}, expected {_decision(other)}", file=file
            )
    if ties > (most := max(1, len(found) // TIED_SHARE)):
        raise GateFailed(
            f"{gate}: found {ties} ties in {len(found)} utterances, expected {most} at most", file=file
        )
    return Agreement(len(found), ties, largest)


def keeps_exact_match(found: float, expected: float, *, file: Path) -> None:
    """Raise GateFailed where the shipped bytes lose more than MOST_LOST against the checkpoint."""
    if round(expected - found, 9) > MOST_LOST:  # decimals that binary fractions only come near
        raise GateFailed(
            f"exact match: found {found:.4f} from the shipped bytes, expected {expected:.4f} (the checkpoint's) "
            f"less {MOST_LOST} at most",
            file=file,
        )


def _decision(frame: Frame) -> tuple[object, ...]:
    return (
        frame.domain and frame.domain.name,
        frame.intent and frame.intent.name,
        tuple((slot.name, slot.start, slot.end) for slot in frame.slots),
    )


def _difference(gate: str, one: Frame, other: Frame, *, file: Path) -> float:
    """The largest difference between probabilities of two frames that decide the same."""
    found = max(abs(a - b) for a, b in zip(_probabilities(one), _probabilities(other), strict=True))
    if found > TOLERANCE:
        raise GateFailed(
            f"{gate}: {one.text!r}: found probabilities {found:.2e} apart, expected at most {TOLERANCE}",
            file=file,
        )
    return found


def _probabilities(frame: Frame) -> list[float]:
    choices = [choice.confidence for choice in (frame.domain, frame.intent) if choice is not None]
    return [frame.confidence, *choices, *(slot.confidence for slot in frame.slots)]


def _tied(one: Frame, other: Frame) -> bool:
    """Whether what decided between two readings was as probable in both: domain or intent, and only then the slots.

    Slots do not count where the intents differ, for no routing looks at them.
    """
    choices = [(one.domain, other.domain), (one.intent, other.intent)]
    differing = [(a, b) for a, b in choices if (a and a.name) != (b and b.name)]
    if not differing:
        return _as_probable(one.confidence, other.confidence)
    return any(
        a is not None and b is not None and _as_probable(a.confidence, b.confidence) for a, b in differing
    )


def _as_probable(a: float, b: float) -> bool:
    most = max(a, b)
    return most <= 0.5 + TOLERANCE and abs(a - b) <= min(TOLERANCE, TIED_RATIO * most)
