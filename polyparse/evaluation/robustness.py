"""How much noise lowers exact match: which utterances are right as they are, and which after a kind of noise.

Slots move with the text. An utterance that a kind cannot change counts neither before nor after.
"""

from __future__ import annotations

from random import Random
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.noise.kinds import SPOKEN, measured_kinds_of
from polyparse.evaluation.calibration_error import expected_calibration_error
from polyparse.evaluation.measures import score

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.corpora.example import Example
    from polyparse.corpora.noise.kinds import Noise
    from polyparse.inference.parser import Parser

SEED = 7
TYPED = ("typo", "diacritics", "upper_case", "romanised", "function_word", "code_mixing")
"""Kinds that people type."""
HARSH = ("marks",)
"""Kinds that no one types."""
KINDS = (*TYPED, *HARSH, *SPOKEN)
"""All kinds; those of speech stand in no mean."""


class Pair(NamedTuple):
    """One utterance: its locale, and whether its frame was an exact match before and after the noise.

    `confidence` is that of the frame after it, None where it was refused, and `frame_right` whether it is true.
    """

    locale: str
    clean: bool
    noisy: bool
    confidence: float | None = None
    frame_right: bool = False


def pairs_by_kind(
    parser: Parser, examples: Sequence[Example], *, kinds: Iterable[str] = KINDS, seed: int = SEED
) -> dict[str, list[Pair]]:
    """Kind -> the utterances that it changes, of which there may be none; the seed decides the noise.

    `examples` should hold the same utterances in several languages: code-mixing takes its values from them.
    """
    clean = [answer.exact for answer in _answers(parser, examples)]
    known = measured_kinds_of(examples)
    return {name: _pairs(parser, examples, clean, (name, known[name]), seed) for name in kinds}


def noisy(examples: Sequence[Example], kind: str, *, seed: int = SEED) -> list[Example]:
    """The examples that a kind of noise changes, changed as `pairs_by_kind` does."""
    drawn = _drawn(examples, (kind, measured_kinds_of(examples)[kind]), seed)
    return [example for example in drawn if example is not None]


def drop(pairs: Sequence[Pair]) -> float:
    """Exact match before the noise less exact match after it, every utterance weighing the same; needs at least one."""
    return mean(pair.clean for pair in pairs) - mean(pair.noisy for pair in pairs)


def calibration_error(pairs: Sequence[Pair]) -> float | None:
    """The calibration error of frames after the noise, from 0 to 1; None where every one was refused."""
    answers = [(pair.confidence, pair.frame_right) for pair in pairs if pair.confidence is not None]
    if not answers:
        return None
    return expected_calibration_error(
        [confidence for confidence, _ in answers], [right for _, right in answers]
    )


def _pairs(
    parser: Parser, examples: Sequence[Example], clean: Sequence[bool], kind: tuple[str, Noise], seed: int
) -> list[Pair]:
    drawn = _drawn(examples, kind, seed)
    changed = [i for i, example in enumerate(drawn) if example is not None]
    answers = _answers(parser, [example for example in drawn if example is not None])
    return [Pair(examples[i].locale, clean[i], *answer) for i, answer in zip(changed, answers, strict=True)]


def _drawn(examples: Sequence[Example], kind: tuple[str, Noise], seed: int) -> list[Example | None]:
    """Each example after the noise; None where it changes nothing."""
    name, noise = kind
    # a random generator for each utterance, so that its noise does not depend on what else is measured
    return [noise(e, Random(f"{seed} {name} {e.locale} {e.id}")) for e in examples]


class _Answer(NamedTuple):
    exact: bool
    confidence: float | None
    frame_right: bool


def _answers(parser: Parser, examples: Sequence[Example]) -> list[_Answer]:
    frames = parser.run_all([parser.prepare(example.utterance) for example in examples])
    counts = [score(*each) for each in zip(examples, frames, strict=True)]
    return [
        _Answer(count.exact_right == 1, None if frame.refused else frame.confidence, count.frames_right == 1)
        for count, frame in zip(counts, frames, strict=True)
    ]
