"""Everyday words for on and off, up and down: how often a model does what they ask, how often the reverse.

The phrases are our own (`polyparse.evaluation.opposite_phrases`), in wordings that no list of training has. A refused one is
neither right nor reversed.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.evaluation.opposite_phrases import OPPOSITE, PHRASES, RIGHT
from polyparse.runtime.load import load
from train.evaluated_checkpoint import open_checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.evaluation.opposite_phrases import OppositePhrase
    from polyparse.inference.parser import Parser

TARGETS = {"right": Target(">=", 0.9)}
OUTCOMES = ("right", "reversed", "refused", "other")
CHECKPOINT_FILE = "run.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; `--bundle` also takes a finished run."""
    parser = command.parser("benchmarks.opposites", __doc__)
    parser.add_argument(
        "--wrong", action="store_true", help="print each phrase that is not right, and its intent"
    )
    options = parser.parse_args(argv)
    return command.run(lambda: measure(options.bundle, show_wrong=options.wrong), json=options.json)


def measure(models: Path, *, show_wrong: bool = False) -> Result:
    """The shares of each outcome over the phrases of the locales that the model serves; right ones by locale and request.

    Raises:
        MeasurementFailed: the model serves no locale that has phrases.
    """
    parser, locales = _parser(models)
    phrases = [(locale, phrase) for locale in PHRASES if locale in locales for phrase in PHRASES[locale]]
    if not phrases:
        raise MeasurementFailed(
            f"opposites: found the locales {', '.join(locales)}, expected one of {', '.join(PHRASES)}"
        )
    frames = parser.parse([Utterance(phrase.text, locale) for locale, phrase in phrases])
    outcomes: list[tuple[str, str, str]] = []
    for (locale, phrase), frame in zip(phrases, frames, strict=True):
        result = outcome(phrase, frame)
        outcomes.append((locale, phrase.asked, result))
        if show_wrong and result != "right":
            print(f"{result:8} {locale} {phrase.asked:9} {phrase.text}: {frame.intent and frame.intent.name}")
    return Result("opposites", figures(outcomes), TARGETS)


def outcome(phrase: OppositePhrase, frame: Frame) -> str:
    """One of OUTCOMES."""
    if frame.refused is not None:
        return "refused"
    intent = frame.intent.name if frame.intent else ""
    if intent in RIGHT[phrase.asked]:
        return "right"
    return "reversed" if intent in OPPOSITE[phrase.asked] else "other"


def figures(outcomes: Sequence[tuple[str, str, str]]) -> dict[str, float]:
    """Shares of (locale, what is asked, outcome): of all, then what is right and reversed of each locale and request."""
    counts = Counter(result for *_, result in outcomes)
    shares: dict[str, float] = {name: counts[name] / len(outcomes) for name in OUTCOMES}
    for column in (0, 1):
        for key in dict.fromkeys(one[column] for one in outcomes):
            results = [one[2] for one in outcomes if one[column] == key]
            for name in ("right", "reversed"):
                shares[f"{name}_{key}"] = results.count(name) / len(results)
    return {**shares, "phrases": len(outcomes)}


def _parser(models: Path) -> tuple[Parser, Sequence[str]]:
    """That of a finished run, or of the bundle that `polyparse.bundle.store.locate` finds, and its locales; prints which."""
    if models.joinpath(CHECKPOINT_FILE).exists():
        system = open_checkpoint(models, "cpu")
        print(system.title)
        return system.parser, tuple(PHRASES)
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    print(f"{loaded.manifest.name} {loaded.manifest.version}, {located.bundle}")
    return loaded.parser, loaded.manifest.locales


if __name__ == "__main__":
    sys.exit(main())
