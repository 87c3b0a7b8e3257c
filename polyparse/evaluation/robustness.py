"""How much noise lowers exact match: which utterances are right as they are, and which after a kind of noise.

Slots move with the text. An utterance that a kind cannot change counts neither before nor after.
"""

from __future__ import annotations

from random import Random
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple

from polyparse.corpora.noise.kinds import kinds_of
from polyparse.evaluation.measures import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.corpora.example import Example
    from polyparse.corpora.noise.kinds import Noise
    from polyparse.inference.parser import Parser

SEED = 7
TYPED = ("typo", "diacritics", "upper_case", "romanised", "function_word", "code_mixing")
"""Kinds that people type."""
HARSH = ("marks",)
"""Kinds that no one types."""


class Pair(NamedTuple):
    """One utterance: its locale, and whether its frame was right before and after the noise."""

    locale: str
    clean: bool
    noisy: bool


def pairs_by_kind(parser: Parser, examples: Sequence[Example], *, seed: int = SEED) -> dict[str, list[Pair]]:
    """Kind -> the utterances that it changes, of which there may be none; the seed decides the noise.

    `examples` should hold the same utterances in several languages: code-mixing takes its values from them.
    """
    clean = _right(parser, examples)
    kinds = kinds_of(examples)
    return {name: _pairs(parser, examples, clean, (name, kinds[name]), seed) for name in (*TYPED, *HARSH)}


def drop(pairs: Sequence[Pair]) -> float:
    """Exact match before the noise less exact match after it, every utterance weighing the same; needs at least one."""
    return mean(pair.clean for pair in pairs) - mean(pair.noisy for pair in pairs)


def _pairs(
    parser: Parser, examples: Sequence[Example], clean: Sequence[bool], kind: tuple[str, Noise], seed: int
) -> list[Pair]:
    name, noise = kind
    # a random generator for each utterance, so that its noise does not depend on what else is measured
    drawn = [noise(e, Random(f"{seed} {name} {e.locale} {e.id}")) for e in examples]
    changed = [i for i, example in enumerate(drawn) if example is not None]
    noisy = _right(parser, [example for example in drawn if example is not None])
    return [Pair(examples[i].locale, clean[i], right) for i, right in zip(changed, noisy, strict=True)]


def _right(parser: Parser, examples: Sequence[Example]) -> list[bool]:
    """Whether each example's frame is an exact match."""
    frames = parser.run_all([parser.prepare(example.utterance) for example in examples])
    return [score(*each).exact_right == 1 for each in zip(examples, frames, strict=True)]
