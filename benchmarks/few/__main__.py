"""Assistants of 8 intents with 5 to 80 utterances each: `few` from the shipped bundle beside CRFsuite and a MaxEnt.

Intents and utterances are drawn from the train split, by seeds, and judged on 500 others of dev. The shipped encoder has
seen all of train with its labels, these intents too. What starting is worth for intents that no one has seen, the second
row tells: it starts from a network that was trained without all intents of all draws, on the rest of that language.
Targets are of the first.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import torch

from benchmarks import command, corpus
from benchmarks.few import ours
from benchmarks.few.baseline import Baseline
from benchmarks.few.draw import SIZES, Draw, draw
from benchmarks.few.ours import Beginning
from benchmarks.peers.record import digest
from benchmarks.result import Result, Target
from polyparse.bundle import store
from train.bundle_start import open_bundle

if TYPE_CHECKING:
    from polyparse.corpora.example import Example

WORK = Path("runs/few")
SEEDS = (0, 1, 2)
SHIPPED, UNSEEN, CRF, MAXENT = "shipped", "unseen", "crf", "maxent"
TARGETS = {
    "slot_f1_lead": Target(">=", 0.02),
    "slot_f1_lead_least": Target(">=", -0.02),
    "intent_lead": Target(">=", 0.0),
}
EPOCHS = 8
MAX_SEED = 999_999


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.few", __doc__)
    parser.add_argument("--locale", default="en-US", help="the one language (default: en-US)")
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help=f"where the peers' environment, models and the second start are kept (default: {WORK})",
    )
    parser.add_argument(
        "--seeds", type=_numbers(0, MAX_SEED), default=SEEDS, metavar="a,b", help="draws (default: 0,1,2)"
    )
    parser.add_argument(
        "--sizes",
        type=_numbers(1, max(SIZES)),
        default=SIZES,
        metavar="a,b",
        help="utterances of each intent (default: 5 to 80)",
    )
    command.counts(parser, ("--epochs", EPOCHS, "epochs of the network that the second row starts from"))
    options = parser.parse_args(argv)

    def measured() -> Result:
        torch.set_num_threads(1)
        train, dev = (
            corpus.examples(options.corpus, partition=partition, locales=[options.locale])
            for partition in ("train", "dev")
        )
        draws = [draw(seed, train, dev) for seed in options.seeds]
        work = options.work.absolute()
        beginnings = [_shipped(options.bundle), _unseen(work, draws, train, options.epochs)]
        rows = compare(draws, options.sizes, beginnings, work)
        print(table(rows), end="\n\n")
        return Result("few", figures(rows), TARGETS)

    return command.run(measured, json=options.json)


Rows = Mapping[int, Mapping[str, tuple[float, float]]]
"""Size -> system -> slot F1 and intent accuracy, the mean of the draws."""


def compare(draws: Sequence[Draw], sizes: Sequence[int], beginnings: Sequence[Beginning], work: Path) -> Rows:
    """Train and ask all systems on all draws."""
    baseline = Baseline(work)
    rows: dict[int, dict[str, tuple[float, float]]] = {}
    for size in sizes:
        found: dict[str, list[dict[str, float]]] = {}
        for one in draws:
            train = one.train(size)
            answers = {CRF: baseline.answered(f"{one.seed}-{size}", train, one.judged)}
            for each in beginnings:
                answers[each.name] = ours.answered(work, each, train, one.judged, seed=one.seed)
            for name, measures in answers.items():
                found.setdefault(name, []).append(measures)
            print(f"{size} utterances, draw {one.seed}: {_in_words(answers)}", file=sys.stderr, flush=True)
        rows[size] = {
            name: (mean(one["slot_f1"] for one in each), mean(one["intent_accuracy"] for one in each))
            for name, each in found.items()
        }
    return rows


def figures(rows: Rows) -> dict[str, float]:
    """Each size's measures, and how far the first start leads: the mean of the sizes, and the least of any size."""
    found: dict[str, float] = {}
    for size, systems in rows.items():
        for name, (slot_f1, intent) in systems.items():
            found[f"{name}_{size}_slot_f1"] = slot_f1
            found[f"{MAXENT if name == CRF else name}_{size}_intent_accuracy"] = intent
    for name, prefix in ((SHIPPED, ""), (UNSEEN, f"{UNSEEN}_")):
        leads = [
            [ours - theirs for ours, theirs in zip(of[name], of[CRF], strict=True)] for of in rows.values()
        ]
        found[f"{prefix}slot_f1_lead"] = mean(slot for slot, _ in leads)
        found[f"{prefix}slot_f1_lead_least"] = min(slot for slot, _ in leads)
        found[f"{prefix}intent_lead"] = mean(intent for _, intent in leads)
    return found


def table(rows: Rows) -> str:
    """A line a size; slot F1 and intent accuracy of each system."""
    names = list(next(iter(rows.values())))
    lines = [
        "utterances  " + "  ".join(f"{MAXENT + ' + ' + CRF if name == CRF else name:>14}" for name in names)
    ]
    for size, systems in rows.items():
        cells = (f"{systems[name][0]:.3f} {systems[name][1]:.3f}" for name in names)
        lines.append(f"{size:>10}  " + "  ".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _shipped(models: Path) -> Beginning:
    located = store.locate(models)
    return Beginning(SHIPPED, open_bundle(located.bundle), store.digest(located.bundle))


def _unseen(work: Path, draws: Sequence[Draw], train: Sequence[Example], epochs: int) -> Beginning:
    """A network that has seen no utterance of any draw's intents; kept by the draws."""
    drawn = {name for one in draws for name in one.intents}
    folder = work / f"source-{'-'.join(str(one.seed) for one in draws)}-{epochs}"
    start = ours.source(folder, [each for each in train if each.intent not in drawn], epochs=epochs)
    return Beginning(UNSEEN, start, digest(folder / "network-0.pt"))


def _in_words(answers: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(
        f"{name} {one['slot_f1']:.3f} {one['intent_accuracy']:.3f}" for name, one in answers.items()
    )


def _numbers(least: int, most: int) -> Callable[[str], tuple[int, ...]]:
    def numbers(text: str) -> tuple[int, ...]:
        words = text.split(",")
        if not all(word.isdecimal() and least <= int(word) <= most for word in words):
            raise argparse.ArgumentTypeError(
                f"found {text!r}, expected numbers from {least} to {most} with commas between"
            )
        return tuple(map(int, words))

    return numbers


if __name__ == "__main__":
    sys.exit(main())
