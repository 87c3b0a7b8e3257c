"""The three commands that every system's process has: train a model, answer a file of examples, time single answers."""

import argparse
import json
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.peers.inside.exchange import Answer, Example, read_examples, write_answers
from benchmarks.resident import resident_mb

Answerer = Callable[[str, str], Answer]
"""Text and locale -> answer."""


@dataclass(frozen=True)
class Task:
    """What to train on, where to put the model, and how; `dev` is for those that stop by it."""

    train: Sequence[Example]
    dev: Sequence[Example]
    model: Path
    settings: Mapping[str, Any]


def main(load: Callable[[Path], Answerer], *, train: Callable[[Task], None] | None = None) -> None:
    """Do what the command line says; what was found goes to its REPORT as JSON."""
    options = _parser().parse_args()
    if options.command == "train":
        if train is None:
            raise SystemExit("train: found a system that comes trained")
        examples, dev = map(read_examples, options.examples)
        train(Task(examples, dev, options.model, json.loads(options.settings)))
        actual = {"cpu_s": _cpu_s()}
    elif options.command == "answer":
        actual = answer(load(options.model), read_examples(*options.examples), options.answers)
    else:
        actual = {
            "p50_ms": p50_ms(load(options.model), read_examples(*options.examples), warm_up=options.warm_up)
        }
    options.report.write_text(json.dumps(actual) + "\n", encoding="utf-8")


def answer(answerer: Answerer, examples: Sequence[Example], file: Path) -> dict[str, float]:
    """Answer one example after the other into a file; gives the memory that the process holds then."""
    answers = [answerer(example.text, example.locale) for example in examples]
    rss_mb = resident_mb("self")
    write_answers(answers, file)
    return {"rss_mb": rss_mb}


def p50_ms(answerer: Answerer, examples: Sequence[Example], *, warm_up: int) -> float:
    """Median milliseconds of one answer, over the examples after the first `warm_up`, which are not timed."""
    actual = []
    for example in examples:
        started_s = perf_counter()
        answerer(example.text, example.locale)
        actual.append(perf_counter() - started_s)
    return 1e3 * median(actual[warm_up:])


def _cpu_s() -> float:
    """Processor time of this process and those that it has waited for, so that what else runs does not count."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    train, answer_, time_ = (commands.add_parser(name) for name in ("train", "answer", "time"))
    train.add_argument("--examples", type=Path, nargs=2, required=True, metavar=("TRAIN", "DEV"))
    train.add_argument("--settings", required=True, metavar="JSON")
    answer_.add_argument("--answers", type=Path, required=True)
    time_.add_argument("--warm-up", type=int, required=True)
    for command in (answer_, time_):
        command.add_argument("--examples", type=Path, nargs=1, required=True)
    for command in (train, answer_, time_):
        command.add_argument("--model", type=Path, required=True)
        command.add_argument("--report", type=Path, required=True)
    return parser
