"""`polyparse evaluate`: a bundle or a checkpoint on a corpus -> metrics.json, report.html, and a table on the terminal."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from polyparse.atomic import replace_file
from polyparse.cli.arguments import ArgumentParser, names, path
from polyparse.corpora.read import TAGGED, read
from polyparse.corpora.readers.splits import NAMES
from polyparse.errors import ConfigError
from polyparse.evaluation.evaluate import Case, answer, measure, served_locale
from polyparse.evaluation.measures import MEASURES
from polyparse.evaluation.new_words import with_new_words, words_by_locale
from polyparse.evaluation.reliability import POOLED, calibration_of
from polyparse.evaluation.report.page import page
from polyparse.evaluation.report.parts import Report
from polyparse.evaluation.tag_spans import span_measures
from polyparse.outputs import check_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.evaluation.system import EvaluatedSystem
    from polyparse.inference.parser import Parser

METRICS, REPORT = "metrics.json", "report.html"
PIPE_WIDTH = 1000
"""Characters to a line where no terminal says how many; no table needs as many."""
OPENERS: Mapping[str, str] = {
    "bundle": "polyparse.evaluation.evaluated_bundle:open_bundle",
    "checkpoint": "train.evaluated_checkpoint:open_checkpoint",
}
"""Option -> the function that opens what it names; only the one asked for is imported, for only one needs PyTorch."""


def main(argv: Sequence[str]) -> int:
    """Evaluate; returns 0. What cannot be read or run is raised as a PolyparseError."""
    options = arguments().parse_args(argv)
    check_folder(options.report, files=[METRICS, REPORT])
    examples = of_domains(
        read(options.corpus, locales=options.locales, partition=options.partition), options.domains
    )
    (kind,) = (kind for kind in OPENERS if getattr(options, kind) is not None)
    system: EvaluatedSystem = resolve_name(OPENERS[kind])(getattr(options, kind), options.device)
    decoders = decoders_asked_for(system, asked=options.decoders)
    table, console = measures_table(), terminal()
    with Live(table, console=console, transient=True):
        cases, refused = evaluate(system.parser, examples, table)
    measured = measure([case.example for case in cases], [case.frame for case in cases])
    table.add_row("mean", *row(measured["mean"]), style="bold")
    measured["calibration"] = calibration_of(cases)
    measured |= of_tags(options.corpus, cases)
    if options.new_words:
        measured["new_words"] = of_new_words(options, cases)
    decoded = {name: slots_by(make(), examples, options.corpus) for name, make in decoders.items()}
    if decoded:
        measured["decoders"] = decoded
    facts = {
        **system.facts,
        "Corpus": options.corpus,
        "Partition": options.partition,
        "Locales": ", ".join(measured["locales"]),
        **not_parsed(system.parser, measured["locales"], refused),
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    title = f"{system.title} on {options.corpus.partition(':')[0]} {options.partition}"
    write(options.report, Report(title, facts, measured, cases))
    console.print(table, crop=False)
    print(calibration_line(measured["calibration"][POOLED]))
    for line in (*slot_lines(measured), *new_word_lines(measured)):
        print(line)
    print(f"wrote {options.report / METRICS} and {options.report / REPORT}")
    return 0


def arguments() -> ArgumentParser:
    """The command line: which model, which corpus, where to report."""
    parser = ArgumentParser(
        prog="polyparse evaluate", description="Measure a bundle or a checkpoint on a corpus."
    )
    system = parser.add_mutually_exclusive_group(required=True)
    system.add_argument("--bundle", metavar="DIR", type=path, help="a bundle, a model, or a folder of models")
    system.add_argument("--checkpoint", metavar="DIR", type=path, help="a finished run of polyparse train")
    parser.add_argument(
        "--corpus", metavar="FORMAT:PATH", required=True, help="massive:DIR, slots:DIR or conll:PREFIX"
    )
    parser.add_argument("--partition", choices=list(NAMES), required=True)
    parser.add_argument(
        "--locales", type=names, metavar="a,b", help="locales to measure; all of the corpus by default"
    )
    parser.add_argument(
        "--domains", type=names, metavar="a,b", help="domains to measure; all of the corpus by default"
    )
    parser.add_argument(
        "--report", metavar="DIR", type=path, required=True, help="folder for metrics.json and report.html"
    )
    parser.add_argument(
        "--decoders",
        action="store_true",
        help="also decode a checkpoint's slots by the inferences that its head was not trained for: slot F1 of each",
    )
    parser.add_argument(
        "--new-words",
        action="store_true",
        help="also measure apart the utterances with a word that the train partition of their locale lacks",
    )
    parser.add_argument(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where a bundle runs; a checkpoint runs on the CPU",
    )
    return parser


def of_domains(examples: list[Example], domains: Sequence[str] | None) -> list[Example]:
    """The utterances of these domains, of all with None; ConfigError for a domain that none of them has."""
    if domains is None:
        return examples
    present = {example.domain for example in examples}
    for domain in domains:
        if domain not in present:
            listed = ", ".join(sorted(filter(None, present))) or "none"
            raise ConfigError(f"--domains: found {domain!r}, expected some of {listed}")
    return [example for example in examples if example.domain in domains]


def evaluate(parser: Parser, examples: Sequence[Example], table: Table) -> tuple[list[Case], Counter[str]]:
    """Every utterance with its frame, and how many were refused, by error code; the table gets a row a locale."""
    cases: list[Case] = []
    refused: Counter[str] = Counter()
    for locale in dict.fromkeys(example.locale for example in examples):
        of_locale = [example for example in examples if example.locale == locale]
        frames, codes = answer(parser, of_locale)
        cases += map(Case, of_locale, frames)
        refused += codes
        table.add_row(locale, *row(measure(of_locale, frames)["locales"][locale]))
    return cases, refused


def of_tags(corpus: str, cases: Sequence[Case]) -> dict[str, Any]:
    """{"tags": measures} as conlleval has them, where the corpus has a tag for each token; else nothing."""
    return {"tags": span_measures(cases)} if corpus.partition(":")[0] in TAGGED else {}


def of_new_words(options: argparse.Namespace, cases: Sequence[Case]) -> dict[str, Any]:
    """The measures of utterances with a word that the corpus's train partition lacks in their locale."""
    known = words_by_locale(read(options.corpus, locales=options.locales, partition="train"))
    apart = with_new_words(cases, known)
    return measure([case.example for case in apart], [case.frame for case in apart])


def new_word_lines(measured: Mapping[str, Any]) -> Iterator[str]:
    """What is measured of utterances with new words, a line for each locale that has some, and one for their mean."""
    found = measured.get("new_words", {"locales": {}})
    means = {"mean": found["mean"]} if found["locales"] else {}
    for name, of_locale in {**found["locales"], **means}.items():
        ratios = {MEASURES[key].title.lower(): of_locale[key] for key in MEASURES}
        yield f"with new words, {name}: utterances {of_locale['utterances']}, {_named(ratios)}"


def decoders_asked_for(system: EvaluatedSystem, *, asked: bool) -> Mapping[str, Callable[[], Parser]]:
    """The system's decoders if they are asked for; ConfigError for a system that has none."""
    if asked and not system.decoders:
        raise ConfigError("--decoders: found a bundle, whose graph has one decoder, expected a checkpoint")
    return system.decoders if asked else {}


def slots_by(parser: Parser, examples: Sequence[Example], corpus: str) -> dict[str, Any]:
    """Slot F1 and, of a tagged corpus, its spans' measures."""
    frames, _ = answer(parser, examples)
    mean = measure(examples, frames)["mean"]
    return {"slot_f1": mean["slot_f1"], **of_tags(corpus, list(map(Case, examples, frames)))}


def slot_lines(measured: Mapping[str, Any]) -> Iterator[str]:
    """What is measured of slots alone, a line each."""
    if "tags" in measured:
        yield f"spans over the corpus's own tokens: {_named(measured['tags'])}"
    for name, found in measured.get("decoders", {}).items():
        spans = f", spans: {_named(found['tags'])}" if "tags" in found else ""
        yield f"decoded by {name}: {_named({'slot F1': found['slot_f1']})}{spans}"


def _named(ratios: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {'-' if ratio is None else f'{ratio:.4f}'}" for name, ratio in ratios.items())


def terminal() -> Console:
    """Standard output; what is no terminal gets whole lines without colours."""
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, emoji=False, highlight=False)


def measures_table() -> Table:
    """The columns of the table; its rows come as they are measured."""
    table = Table(box=None, pad_edge=False)
    table.add_column("locale", no_wrap=True)
    for title in ("utterances", *(measured.title for measured in MEASURES.values())):
        table.add_column(title, justify="right", min_width=len("0.1234"), no_wrap=" " not in title)
    return table


def row(measured: Mapping[str, Any]) -> list[str]:
    """The cells of a row but for its name."""
    ratios = (measured[key] for key in MEASURES)
    return [str(measured["utterances"]), *("-" if ratio is None else f"{ratio:.4f}" for ratio in ratios)]


def calibration_line(errors: Mapping[str, Mapping[str, float] | None]) -> str:
    """How far confidences can be trusted, in a line."""
    told = (f"{measure} {error['ece']:.4f}" for measure, error in errors.items() if error is not None)
    return f"expected calibration error: {', '.join(told) or 'nothing to measure'}"


def not_parsed(parser: Parser, locales: Sequence[str], refused: Counter[str]) -> dict[str, str]:
    """What a reader must know to trust the measures."""
    unserved = [locale for locale in locales if served_locale(parser, locale) is None]
    notes = {
        "Not served": f"{', '.join(unserved)}: parsed without a locale" if unserved else "",
        "Refused, counted as wrong": ", ".join(f"{count} {code}" for code, count in sorted(refused.items())),
    }
    kept = {name: note for name, note in notes.items() if note}
    for name, note in kept.items():
        print(f"{name}: {note}", file=sys.stderr)
    return kept


def write(folder: Path, report: Report) -> None:
    """Write metrics.json and report.html, before anything is printed: whoever reads that may have gone."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = json.dumps(report.measures, ensure_ascii=False, indent=1)
    replace_file(folder / METRICS, f"{metrics}\n".encode())
    replace_file(folder / REPORT, page(report).encode())
