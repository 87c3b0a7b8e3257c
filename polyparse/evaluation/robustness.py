"""What noise costs a model: which utterances it gets right as they are, and which once a kind of noise has changed them.

Labels move along with the text. An utterance that a kind cannot change counts neither before nor after.
"""

from __future__ import annotations

from random import Random
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple, Protocol

from polyparse.corpora.noise.kinds import kinds_of
from polyparse.evaluation.evaluate import parse_all
from polyparse.evaluation.score import score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.frame import Utterance
    from polyparse.corpora.example import Example
    from polyparse.corpora.noise.kinds import Noise
    from polyparse.inference.pipeline import Outcome
    from polyparse.text.vectorizer import Item

SEED = 7
TYPED = ("typo", "diacritics", "upper_case", "romanised", "function_word", "code_mixing")
"""Kinds that people type."""
HARSH = ("marks",)
"""Kinds that no one types."""


class Parses(Protocol):
    """A parser, or whatever else prepares utterances and runs them."""

    def prepare(self, utterance: Utterance, /) -> Item:
        """Arrays of one utterance."""

    def run(self, items: Sequence[Item], /) -> Outcome:
        """Frames in the items' order."""


class Pair(NamedTuple):
    """One utterance: its locale, and whether its frame was right before and after the noise."""

    locale: str
    clean: bool
    noisy: bool


def pairs_by_kind(parser: Parses, examples: Sequence[Example], *, seed: int = SEED) -> dict[str, list[Pair]]:
    """Kind -> the utterances that it changes, of which there may be none; the seed decides the noise.

    `examples` should hold the same utterances in several languages: their values are what code-mixing puts in.
    """
    clean = _right(parser, examples)
    kinds = kinds_of(examples)
    return {name: _pairs(parser, examples, clean, (name, kinds[name]), seed) for name in (*TYPED, *HARSH)}


def drop(pairs: Sequence[Pair]) -> float:
    """Exact match before the noise less exact match after it, every utterance weighing the same; needs at least one."""
    return mean(pair.clean for pair in pairs) - mean(pair.noisy for pair in pairs)


def _pairs(
    parser: Parses, examples: Sequence[Example], clean: Sequence[bool], kind: tuple[str, Noise], seed: int
) -> list[Pair]:
    name, noise = kind
    # each utterance has chances of its own: its noise does not depend on what else is measured
    drawn = [noise(e, Random(f"{seed} {name} {e.locale} {e.id}")) for e in examples]
    rows = [row for row, example in enumerate(drawn) if example is not None]
    noisy = _right(parser, [example for example in drawn if example is not None])
    return [Pair(examples[row].locale, clean[row], right) for row, right in zip(rows, noisy, strict=True)]


def _right(parser: Parses, examples: Sequence[Example]) -> list[bool]:
    """Whether intent and slots of each example are found."""
    items = [parser.prepare(example.utterance) for example in examples]
    frames = parse_all(parser, items)
    return [score(*each).exact_right == 1 for each in zip(examples, frames, strict=True)]
