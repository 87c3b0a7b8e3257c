"""What noise costs: exact match on utterances as they are, less exact match on the same ones made noisy, a kind at a time.

Labels move along with the text. An utterance that a kind cannot change counts neither before nor after.
"""

from __future__ import annotations

import sys
from statistics import mean
from typing import TYPE_CHECKING

from benchmarks import command, corpus
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.evaluation.robustness import SEED, calibration_error, drop, pairs_by_kind
from polyparse.runtime.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.evaluation.robustness import Pair
    from polyparse.inference.parser import Parser

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
SPOKEN = {
    "written": "written_drop",
    "glued": "glued_drop",
    "wake_word": "wake_word_drop",
    "please": "please_drop",
    "repeat": "repeat_drop",
    "tail_cut": "tail_cut_drop",
    "chat": "chat_drop",
}
"""Kinds of speech, its recognition and chats: none is in the mean, and each but chats has a target of its own."""
CALIBRATED = {"written": "written_ece", "glued": "glued_ece"}
"""Kind -> the key of the calibration error of its frames."""
TARGETS = {
    "noise_drop": Target("<=", 0.06),
    "code_mix_drop": Target("<=", 0.05),
    **{key: Target("<=", 0.02) for kind, key in SPOKEN.items() if kind != "chat"},
    "glued_drop": Target("<=", 0.03),
    **dict.fromkeys(CALIBRATED.values(), Target("<=", 0.05)),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.noise", __doc__)
    command.counts(parser, ("--utterances", 2033, "utterances of each language, the first of dev"))
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.corpus, per_locale=options.utterances), json=options.json
    )


def measure(models: Path, spec: str, *, per_locale: int) -> Result:
    """The figures of the bundle that `polyparse.bundle.store.locate` finds; prints which it is."""
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    print(f"{loaded.manifest.name} {loaded.manifest.version}, {located.bundle}")
    examples = corpus.examples(spec, partition="dev")
    remaining = [
        example
        for locale in corpus.LOCALES
        for example in [each for each in examples if each.locale == locale][:per_locale]
    ]
    pairs = pairs_by_kind(loaded.parser, remaining, seed=SEED)
    return Result("noise", {**drops_of(pairs), **details(pairs)}, TARGETS)


def drops(parser: Parser, examples: Sequence[Example], *, seed: int = SEED) -> dict[str, float]:
    """The drop of exact match by kind of what people type, `noise_drop`, their mean, among them; the seed decides the noise.

    `examples` should hold the same utterances in several languages: their values are what code-mixing puts in.

    Raises:
        MeasurementFailed: there is a kind that none of the examples can get.
    """
    typed = FIGURES | HARSH
    return _drops(pairs_by_kind(parser, examples, kinds=typed, seed=seed), typed)


def drops_of(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """The drop by kind, every utterance weighing the same, the mean of those that people type, and calibration errors."""
    actual = _drops(pairs, FIGURES | HARSH | SPOKEN)
    errors = {key: calibration_error(pairs[name]) for name, key in CALIBRATED.items()}
    if refused := [key for key, error in errors.items() if error is None]:
        raise MeasurementFailed(
            f"noise: found every utterance refused for {', '.join(refused)}, expected some answers"
        )
    return actual | {key: error for key, error in errors.items() if error is not None}


def _drops(pairs: Mapping[str, Sequence[Pair]], keys: Mapping[str, str]) -> dict[str, float]:
    """By kind, under these keys, and the mean of those that people type; MeasurementFailed where a kind has no utterance."""
    if missing := [name for name, actual in pairs.items() if not actual]:
        raise MeasurementFailed(
            f"noise: found no utterance for {', '.join(missing)}, expected some: "
            "slots in several languages, accents, Hindi, numbers with units"
        )
    actual = {key: drop(pairs[name]) for name, key in keys.items()}
    return {"noise_drop": mean(actual[key] for key in FIGURES.values()), **actual}


def details(pairs: Mapping[str, Sequence[Pair]]) -> dict[str, float]:
    """For each kind: exact match after the noise, how many utterances it changed, and the drop of each language."""
    figures: dict[str, float] = {}
    for name, actual in pairs.items():
        figures[f"{name}_exact_match"] = mean(pair.noisy for pair in actual)
        figures[f"{name}_utterances"] = len(actual)
        for locale in dict.fromkeys(pair.locale for pair in actual):
            figures[f"{name}_drop_{locale}"] = drop([pair for pair in actual if pair.locale == locale])
    return figures


if __name__ == "__main__":
    sys.exit(main())
