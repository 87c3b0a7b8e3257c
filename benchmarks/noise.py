"""What noise costs: exact match on utterances as they are, less exact match on the same ones made noisy, a kind at a time.

Labels move along with the text. An utterance that a kind cannot change counts neither before nor after.
"""

from __future__ import annotations

import sys
from random import Random
from statistics import mean
from typing import TYPE_CHECKING, NamedTuple, Protocol

from benchmarks import command, corpus
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse import bundle
from polyparse.frame import Utterance
from polyparse.runtime.parser import Parser
from train.evaluation import parse_all
from train.noise import kinds_of
from train.scoring import score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from polyparse.encode import Item
    from polyparse.pipeline import Outcome
    from train.corpora.example import Example
    from train.noise import Noise

SEED = 7
FIGURES = {
    "typo": "typo_drop",
    "diacritics": "diacritics_drop",
    "upper_case": "upper_case_drop",
    "romanised": "romanised_drop",
    "function_word": "function_word_drop",
    "code_mixing": "code_mix_drop",
}
"""Kind -> the key of its drop. `noise_drop` is the mean of these."""
HARSH = {"marks": "marks_drop"}
"""Kinds that no one types: measured, and left out of the mean."""
TARGETS = {"noise_drop": Target("<=", 0.06), "code_mix_drop": Target("<=", 0.05)}


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


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.noise", __doc__)
    command.counts(parser, ("--utterances", 2033, "utterances of each language, the first of dev"))
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.corpus, per_locale=options.utterances), json=options.json
    )


def measure(models: Path, spec: str, *, per_locale: int) -> Result:
    """The figures of the bundle that `polyparse.bundle.locate` finds; prints which it is."""
    located = bundle.locate(models)
    parser = Parser.load(located.bundle, digest=located.digest, device="cpu", threads=1)
    print(f"{parser.name} {parser.version}, {located.bundle}")
    examples = corpus.examples(spec, partition="dev")
    kept = [
        example
        for locale in corpus.LOCALES
        for example in [each for each in examples if each.locale == locale][:per_locale]
    ]
    pairs = pairs_by_kind(parser, kept, seed=SEED)
    return Result("noise", {**drops_of(pairs), **details(pairs)}, TARGETS)


def drops(parser: Parses, examples: Sequence[Example], *, seed: int = SEED) -> dict[str, float]:
    """The drop of exact match by kind, `noise_drop`, their mean, among them; the seed decides the noise.

    `examples` should hold the same utterances in several languages: their values are what code-mixing puts in.

    Raises:
        MeasurementFailed: there is a kind that none of the examples can get.
    """
    return drops_of(pairs_by_kind(parser, examples, seed=seed))


def pairs_by_kind(parser: Parses, examples: Sequence[Example], *, seed: int) -> dict[str, list[Pair]]:
    """Kind -> the utterances that it changes."""
    clean = _right(parser, examples)
    kinds = kinds_of(examples)
    return {name: _pairs(parser, examples, clean, (name, kinds[name]), seed) for name in FIGURES | HARSH}


def drops_of(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """The drop by kind, every utterance weighing the same, and the mean of those that people type."""
    if missing := [name for name, found in pairs.items() if not found]:
        raise MeasurementFailed(
            f"noise: found no utterance for {', '.join(missing)}, expected some: "
            "slots in several languages, accents, Hindi"
        )
    found = {key: _drop(pairs[name]) for name, key in (FIGURES | HARSH).items()}
    return {"noise_drop": mean(found[key] for key in FIGURES.values()), **found}


def details(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """For each kind: exact match after the noise, how many utterances it changed, and the drop of each language."""
    figures: dict[str, float] = {}
    for name, found in pairs.items():
        figures[f"{name}_exact_match"] = mean(pair.noisy for pair in found)
        figures[f"{name}_utterances"] = len(found)
        for locale in dict.fromkeys(pair.locale for pair in found):
            figures[f"{name}_drop_{locale}"] = _drop([pair for pair in found if pair.locale == locale])
    return figures


def _pairs(
    parser: Parses, examples: Sequence[Example], clean: Sequence[bool], kind: tuple[str, Noise], seed: int
) -> list[Pair]:
    name, noise = kind
    # each utterance has chances of its own: its noise does not depend on what else is measured
    drawn = [noise(e, Random(f"{seed} {name} {e.locale} {e.id}")) for e in examples]  # noqa: S311
    rows = [row for row, example in enumerate(drawn) if example is not None]
    noisy = _right(parser, [example for example in drawn if example is not None])
    return [Pair(examples[row].locale, clean[row], right) for row, right in zip(rows, noisy, strict=True)]


def _right(parser: Parses, examples: Sequence[Example]) -> list[bool]:
    """Whether intent and slots of each example are found."""
    items = [parser.prepare(Utterance(example.text, example.locale)) for example in examples]
    frames = parse_all(parser, items)
    return [score(*each).exact_right == 1 for each in zip(examples, frames, strict=True)]


def _drop(pairs: Sequence[Pair]) -> float:
    return mean(pair.clean for pair in pairs) - mean(pair.noisy for pair in pairs)


if __name__ == "__main__":
    sys.exit(main())
