"""How good the shipped bundle is, and what it costs: its own bytes, as they serve, on MASSIVE dev in four locales.

Accuracy, calibration, noise, size and speed are measured here and now. Refusing what is out of domain has to be measured on
models that never saw a domain, so that `ood_auroc` is read from the record of such a run; the table names the file.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import calibration, command, corpus, noise, refusal, speed
from benchmarks.result import Result, Target
from benchmarks.unseen_domains import record
from polyparse.bundle import store as bundle
from polyparse.evaluation.evaluate import answer
from polyparse.evaluation.evaluate import measure as measures_of
from polyparse.runtime.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.contract.frame import Frame
    from polyparse.corpora.example import Example

TARGETS = {
    "exact_match": Target(">=", 0.685),
    "intent_accuracy": Target(">=", 0.882),
    "slot_f1": Target(">=", 0.79),
    "lowest_exact_match": Target(">=", 0.62),
    "ece": Target("<=", 0.03),
    "ood_auroc": Target(">=", 0.9),
    "refused_share": Target("<=", 0.02),
    "noise_drop": Target("<=", 0.06),
    "code_mix_drop": Target("<=", 0.05),
    "bundle_mb": Target("<=", 16.0),
    "parse_p50_ms": Target("<=", 0.7),
    "batched_per_s": Target(">=", 6000.0),
}
GOALS = {"exact_match": 0.71, "intent_accuracy": 0.895, "slot_f1": 0.815}
"""What is aimed at beyond the targets; printed, and not part of the verdict."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is timed, and where the record of refusals is."""

    utterances: int
    alone: int
    rounds: int
    record: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.quality", __doc__)
    command.counts(
        parser,
        ("--utterances", 4000, "utterances that speed is measured on, all languages mixed"),
        ("--alone", 1000, "how many of them are parsed one by one in a round"),
        ("--rounds", 5, "rounds of measuring speed"),
    )
    parser.add_argument(
        "--record",
        type=Path,
        default=record.FILE,
        metavar="FILE",
        help="the record of a run that left domains out (default: the committed one)",
    )
    options = parser.parse_args(argv)
    plan = Plan(
        utterances=options.utterances, alone=options.alone, rounds=options.rounds, record=options.record
    )
    return command.run(lambda: measure(options.bundle, options.corpus, plan), json=options.json)


def measure(models: Path, spec: str, plan: Plan) -> Result:
    """Every figure of the bundle that `polyparse.bundle.store.locate` finds; prints which it is, and how the goals stand."""
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    parser = loaded.parser
    print(f"{loaded.manifest.name} {loaded.manifest.version}, {located.bundle}")
    examples = corpus.examples(spec, partition="dev")
    utterances = corpus.sample(spec, plan.utterances)
    frames, _ = answer(parser, examples)
    figures = {
        **accuracy(examples, frames),
        **calibration.figures(loaded, examples),
        **refusal.figures(loaded, frames, plan.record),
        **noise.drops(parser, examples),
        "bundle_mb": megabytes(located.bundle),
        **speed.figures(parser, utterances, rounds=plan.rounds, alone=plan.alone),
    }
    print(goals(figures))
    return Result("quality", figures, TARGETS)


def accuracy(examples: Sequence[Example], frames: Sequence[Frame]) -> dict[str, float]:
    """Means over the locales, and exact match of each locale and of the lowest."""
    actual = measures_of(examples, frames)
    exact = {locale: row["exact_match"] for locale, row in actual["locales"].items()}
    return {
        **{key: actual["mean"][key] for key in GOALS},
        "lowest_exact_match": min(exact.values()),
        **{f"exact_match_{locale}": value for locale, value in exact.items()},
    }


def megabytes(folder: Path) -> float:
    """Size of all files, in 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def goals(figures: Mapping[str, float]) -> str:
    """How the goals stand, a line each."""
    return "\n".join(
        f"goal {key} >= {goal:g}: found {figures[key]:.4g}, {'reached' if figures[key] >= goal else 'not yet'}"
        for key, goal in GOALS.items()
    )


if __name__ == "__main__":
    sys.exit(main())
