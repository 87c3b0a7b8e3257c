"""What each way of training or decoding brings: runs against their baselines, on MASSIVE dev.

Prints the lines of ablation.jsonl as tables, one a baseline. Differences are in points (hundredths) of the mean over the
four served locales; "alone" is exact match of the joint network without its domain classifier.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import ablation_line
from benchmarks.ablation_line import AblationLine
from benchmarks.ablation_run import Words, line_of
from polyparse.errors import ConfigError, PolyparseError
from polyparse.evaluation.measures import MEASURES

FILE = Path(__file__).with_name("ablation.jsonl")
COMPARED = ("exact_match", "intent_accuracy", "slot_f1")
"""Measures that every line has."""
HEADER = ["way", "name", *(MEASURES[key].title for key in COMPARED), "alone", "minutes"]
UNKNOWN = "-"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables, or add a line; exit status 2 when refused."""
    parser = _parser()
    options = parser.parse_args(argv)
    if options.add is None and any((options.way, options.against, options.name, options.note)):
        parser.error("--way, --against, --name and --note are of --add CHECKPOINT")
    if options.add is not None and not options.way:
        parser.error("--add needs --way: what was done, in a few words")
    try:
        if (line := _asked(options)) is not None:
            ablation_line.append(options.file, line)
        print(tables(ablation_line.read(options.file)))
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return 0


def tables(lines: Sequence[AblationLine]) -> str:
    """The runs without a baseline as they measured, then a table for each baseline: what the others gained on it."""
    by_name = {line.name: line for line in lines}
    groups: dict[str | None, list[AblationLine]] = {}
    for line in lines:
        groups.setdefault(line.against, []).append(line)
    shown = []
    for against, members in groups.items():
        baseline = None if against is None else by_name[against]
        shown.append(_table(baseline, members))
    return "\n\n".join(shown) or "no finished run yet: --add CHECKPOINT --way TEXT adds one"


def _table(baseline: AblationLine | None, members: Sequence[AblationLine]) -> str:
    title = "found on dev, in hundredths"
    if baseline is not None:
        figures = ", ".join(f"{name} {points}" for name, points in _points(baseline, None).items())
        title = f"points gained on {baseline.name} ({baseline.way}: {figures})"
    rows = [HEADER, *([line.way, line.name, *_cells(line, baseline)] for line in members)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    body = [
        "  ".join(
            f"{cell:<{width}}" if column < 2 else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join([title, *body])


def _cells(line: AblationLine, baseline: AblationLine | None) -> list[str]:
    """The measures and the minutes."""
    minutes = UNKNOWN if line.train_minutes is None else f"{line.train_minutes:.0f}"
    return [*_points(line, baseline).values(), _alone(line, baseline), minutes]


def _points(line: AblationLine, baseline: AblationLine | None) -> dict[str, str]:
    """Each measure by its title, less the baseline's where there is one."""
    return {
        MEASURES[key].title: _shown(
            getattr(line.dev, key), None if baseline is None else getattr(baseline.dev, key)
        )
        for key in COMPARED
    }


def _alone(line: AblationLine, baseline: AblationLine | None) -> str:
    if line.network_alone is None:
        return UNKNOWN
    if baseline is None:
        return _shown(line.network_alone.exact_match, None)
    if baseline.network_alone is None:
        return UNKNOWN
    return _shown(line.network_alone.exact_match, baseline.network_alone.exact_match)


def _shown(fraction: float, baseline: float | None) -> str:
    return f"{100 * fraction:.2f}" if baseline is None else f"{100 * (fraction - baseline):+.2f}"


def _asked(options: argparse.Namespace) -> AblationLine | None:
    """The line that is to be added, if any."""
    if options.add is not None:
        return line_of(options.add, Words(options.way, options.against, options.name, options.note))
    if options.add_measures is None:
        return None
    try:
        text = options.add_measures.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--add-measures: found no readable file ({error}), expected JSON") from error
    return ablation_line.parse(text, where=str(options.add_measures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation", description=__doc__, allow_abbrev=False
    )
    added = parser.add_mutually_exclusive_group()
    added.add_argument("--add", type=Path, metavar="CHECKPOINT", help="add the line of a finished run first")
    added.add_argument(
        "--add-measures", type=Path, metavar="FILE.json", help="add a line as it stands in a file first"
    )
    parser.add_argument("--way", metavar="TEXT", help="with --add: what was done, in a few words")
    parser.add_argument("--against", metavar="NAME", help="with --add: the line that it is measured against")
    parser.add_argument("--name", help="with --add: name of the line; the folder's by default")
    parser.add_argument(
        "--note", metavar="TEXT", help="with --add: what else a reader must know; the run's start by default"
    )
    parser.add_argument(
        "--file", type=Path, default=FILE, help="where the lines are (default: those of the repository)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
