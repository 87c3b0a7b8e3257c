"""The gates of a bundle: its frames agree with its checkpoint's, and do not depend on what is in the batch.

Two frames agree when domain, intent and spans are the same and every probability is within TOLERANCE. Where two hypotheses
tie, rounding decides which is first: each has at most half of the probability, and both have the same within TOLERANCE.
Ties are rare; many of them are a sign of another error.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from polyparse.errors import GateFailed
from polyparse.inference.batches import cut, run_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.inference.parser import Parser
    from polyparse.text.vectorizer import Item


TOLERANCE = 1e-4
TIED_RATIO = 0.01  # relative tolerance of a tie, for probabilities that are small against TOLERANCE
UTTERANCES_PER_TIE = 100  # one in so many utterances may tie; a single one always may
MAX_EXACT_MATCH_LOSS = 0.003  # of the shipped bytes against the checkpoint
RAGGED_BATCH = 32
SEED = 20


@dataclass(frozen=True)
class Agreement:
    """How two runs over the same items compare; `largest_difference` is one of probabilities."""

    utterances: int
    ties: int
    largest_difference: float


def in_ragged_batches(parser: Parser, items: Sequence[Item], *, size: int = RAGGED_BATCH) -> list[Frame]:
    """Frames in the items' order, parsed in batches of mixed lengths."""
    order = list(range(len(items)))
    Random(SEED).shuffle(order)  # noqa: S311  no secret depends on it
    return run_batches(cut(order, size), items, lambda batch: parser.run(batch).frames)


def alone(parser: Parser, items: Sequence[Item]) -> list[Frame]:
    """Frames in the items' order, each parsed in a batch of its own."""
    return [parser.run([item]).frames[0] for item in items]


def agree(gate: str, frames: Sequence[Frame], expected: Sequence[Frame], *, file: Path) -> Agreement:
    """Compare frames pairwise; raises GateFailed, naming gate and utterance, for a pair that disagrees or for many ties."""
    ties, largest = 0, 0.0
    for one, other in zip(frames, expected, strict=True):
        if _decision(one) == _decision(other):
            largest = max(largest, _difference(gate, one, other, file=file))
        elif _tied(one, other):
            ties += 1
        else:
            raise GateFailed(
                f"{gate}: {one.text!r}: found {_decision(one)}, expected {_decision(other)}", file=file
            )
    if ties > (most := max(1, len(frames) // UTTERANCES_PER_TIE)):
        raise GateFailed(
            f"{gate}: found {ties} ties in {len(frames)} utterances, expected {most} at most", file=file
        )
    return Agreement(len(frames), ties, largest)


def check_exact_match(shipped: float, expected: float, *, file: Path) -> None:
    """Raise GateFailed if the shipped bytes lose more than MAX_EXACT_MATCH_LOSS against the checkpoint."""
    if round(expected - shipped, 9) > MAX_EXACT_MATCH_LOSS:  # decimals are not exact as binary fractions
        raise GateFailed(
            f"exact match: found {shipped:.4f} from the shipped bytes, expected {expected:.4f} (the checkpoint's) "
            f"less {MAX_EXACT_MATCH_LOSS} at most",
            file=file,
        )


def _decision(frame: Frame) -> tuple[object, ...]:
    return (
        frame.domain and frame.domain.name,
        frame.intent and frame.intent.name,
        tuple((slot.name, slot.start, slot.end) for slot in frame.slots),
    )


def _difference(gate: str, one: Frame, other: Frame, *, file: Path) -> float:
    """The largest difference between probabilities of two frames with the same decision."""
    largest = max(abs(a - b) for a, b in zip(_probabilities(one), _probabilities(other), strict=True))
    if largest > TOLERANCE:
        raise GateFailed(
            f"{gate}: {one.text!r}: found probabilities {largest:.2e} apart, expected at most {TOLERANCE}",
            file=file,
        )
    return largest


def _probabilities(frame: Frame) -> list[float]:
    choices = [choice.confidence for choice in (frame.domain, frame.intent) if choice is not None]
    return [frame.confidence, *choices, *(slot.confidence for slot in frame.slots)]


def _tied(one: Frame, other: Frame) -> bool:
    """Whether two hypotheses were equally probable where they differ: in domain or intent, else in the slots.

    Slots do not count where intents differ, because routing does not depend on them.
    """
    choices = [(one.domain, other.domain), (one.intent, other.intent)]
    differing = [(a, b) for a, b in choices if (a and a.name) != (b and b.name)]
    if not differing:
        return _equally_probable(one.confidence, other.confidence)
    return any(
        a is not None and b is not None and _equally_probable(a.confidence, b.confidence)
        for a, b in differing
    )


def _equally_probable(a: float, b: float) -> bool:
    most = max(a, b)
    return most <= 0.5 + TOLERANCE and abs(a - b) <= min(TOLERANCE, TIED_RATIO * most)
