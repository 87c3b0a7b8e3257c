"""`polyparse evaluate`: a bundle or a checkpoint on a corpus -> metrics.json, report.html, and a table on the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.contract.frame import Frame, Utterance
from polyparse.corpora.read import read
from polyparse.corpora.readers.splits import NAMES
from polyparse.errors import InputError
from polyparse.evaluation.breakdown import Case
from polyparse.evaluation.evaluate import measure, parse_all
from polyparse.evaluation.reliability import POOLED, calibration_of
from polyparse.evaluation.report.page import Report, page
from polyparse.evaluation.report.sections import MEASURES
from polyparse.evaluation.system import open_bundle, open_checkpoint
from polyparse.text.tokens import MAX_CHARACTERS, check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from polyparse.corpora.example import Example
    from polyparse.evaluation.system import Subject
    from polyparse.text.vectorizer import Item

WIDTH = len("0.1234")


def main(argv: Sequence[str]) -> int:
    """Evaluate; returns 0. What cannot be read or run is raised as a PolyparseError."""
    options = arguments().parse_args(argv)
    locales = options.locales.split(",") if options.locales else None
    examples = read(options.corpus, locales=locales, partition=options.partition)
    if options.bundle is not None:
        subject = open_bundle(options.bundle, options.device)
    else:
        subject = open_checkpoint(options.checkpoint, options.device)
    cases, refused = evaluate(subject, examples)
    found = measure([case.example for case in cases], [case.frame for case in cases])
    found["calibration"] = calibration_of(cases)
    print(line("mean", found["mean"]))
    print(trust(found["calibration"][POOLED]))
    facts = {
        **subject.facts,
        "Corpus": options.corpus,
        "Partition": options.partition,
        "Locales": ", ".join(found["locales"]),
        **not_parsed(subject, found["locales"], refused),
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    title = f"{subject.title} on {options.corpus.partition(':')[0]} {options.partition}"
    write(options.report, Report(title, facts, found, cases))
    print(f"wrote {options.report / 'metrics.json'} and {options.report / 'report.html'}")
    return 0


def arguments() -> argparse.ArgumentParser:
    """What the command line may say."""
    parser = argparse.ArgumentParser(
        prog="polyparse evaluate", description="Measure a bundle or a checkpoint on a corpus."
    )
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument(
        "--bundle", metavar="DIR", type=Path, help="a bundle, a model, or a folder of models"
    )
    subject.add_argument("--checkpoint", metavar="DIR", type=Path, help="a finished run of polyparse train")
    parser.add_argument(
        "--corpus",
        metavar="FORMAT:PATH",
        required=True,
        help="massive:DIR, slots:DIR or conll:PREFIX",
    )
    parser.add_argument("--partition", choices=list(NAMES), required=True)
    parser.add_argument("--locales", metavar="a,b", help="locales to measure; all of the corpus by default")
    parser.add_argument(
        "--report", metavar="DIR", type=Path, required=True, help="folder for metrics.json and report.html"
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where a bundle runs; a checkpoint runs on the CPU",
    )
    return parser


def evaluate(subject: Subject, examples: Sequence[Example]) -> tuple[list[Case], Counter[str]]:
    """Every utterance with its frame, and how many were refused, by error code; prints the measures of each locale."""
    cases: list[Case] = []
    refused: Counter[str] = Counter()
    print(line("locale", {"utterances": "utterances", **MEASURES}))
    for locale in dict.fromkeys(example.locale for example in examples):
        own = [example for example in examples if example.locale == locale]
        frames, codes = parse(subject, own, locale=subject.served(locale))
        cases += map(Case, own, frames)
        refused += codes
        print(line(locale, measure(own, frames)["locales"][locale]), flush=True)
    return cases, refused


def parse(
    subject: Subject, examples: Sequence[Example], *, locale: str | None
) -> tuple[list[Frame], Counter[str]]:
    """Frames of the utterances, and the codes of those refused, whose frames have no domain, intent or slots."""
    items: dict[int, Item] = {}
    frames: dict[int, Frame] = {}
    codes: Counter[str] = Counter()
    for row, example in enumerate(examples):
        try:
            check(example.text, max_chars=MAX_CHARACTERS)
            items[row] = subject.prepare(Utterance(example.text, locale))
        except InputError as error:
            codes[error.code] += 1
            frames[row] = Frame(example.text, locale, None, None, (), 0.0)
    frames.update(zip(items, parse_all(subject, list(items.values())), strict=True))
    return [frames[row] for row in range(len(examples))], codes


def line(name: str, found: Mapping[str, object]) -> str:
    """A line of the table."""
    cells = [f"{name:<10}", f"{found['utterances']:>10}"]
    for key, title in MEASURES.items():
        value = found[key]
        shown = f"{value:.4f}" if isinstance(value, float) else value or "-"
        cells.append(f"{shown:>{max(len(title), WIDTH)}}")
    return "  ".join(cells)


def trust(errors: Mapping[str, Mapping[str, float] | None]) -> str:
    """How far confidences can be trusted, in a line."""
    told = (f"{measure} {error['ece']:.4f}" for measure, error in errors.items() if error is not None)
    return f"expected calibration error: {', '.join(told) or 'nothing to measure'}"


def not_parsed(subject: Subject, locales: Sequence[str], refused: Counter[str]) -> dict[str, str]:
    """What a reader must know to trust the measures."""
    unserved = [locale for locale in locales if subject.served(locale) is None]
    notes = {
        "Not served": f"{', '.join(unserved)}: parsed without a locale" if unserved else "",
        "Refused, counted as wrong": ", ".join(f"{count} {code}" for code, count in sorted(refused.items())),
    }
    kept = {name: note for name, note in notes.items() if note}
    for name, note in kept.items():
        print(f"{name}: {note}", file=sys.stderr)
    return kept


def write(folder: Path, report: Report) -> None:
    """Write metrics.json and report.html."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = json.dumps(report.measures, ensure_ascii=False, indent=1)
    (folder / "metrics.json").write_text(metrics + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(report), encoding="utf-8")
