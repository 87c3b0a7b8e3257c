"""The command line that all benchmarks share. Exit status: 0 every target is met, 1 one is missed, 2 refused."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import corpus
from benchmarks.result import Result
from polyparse.errors import PolyparseError

ROOT = Path(__file__).parents[1]
IDLE_LOAD = 0.5
"""Runnable processes, on average over the last minute, from which on figures are not to be believed."""


def parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """The options of every benchmark; `module` is its name as `python -m` takes it."""
    built = argparse.ArgumentParser(prog=f"python -m {module}", description=description, allow_abbrev=False)
    built.add_argument("--json", type=Path, metavar="FILE", help="where to write the result")
    built.add_argument(
        "--bundle",
        type=Path,
        default=ROOT / "models",
        metavar="DIR",
        help="a bundle, a model or a folder of models (default: the shipped model that serves)",
    )
    corpus.add_option(built)
    return built


def counts(parser: argparse.ArgumentParser, *options: tuple[str, int, str]) -> None:
    """Add options that take a whole number from 1: (flag, default, help)."""
    for flag, default, text in options:
        parser.add_argument(
            flag, type=_count, default=default, metavar="N", help=f"{text} (default: {default})"
        )


def run(measure: Callable[[], Result], *, json: Path | None) -> int:
    """Measure, print the table, write the JSON, and return the exit status."""
    if (load := os.getloadavg()[0]) > IDLE_LOAD:
        print(f"warning: load average {load:.1f}: other work shares this machine's cores", file=sys.stderr)
    try:
        result = measure()
    except PolyparseError as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    print(result.table())
    if json is not None:
        result.write(json)
    return 0 if result.passed else 1


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"found {number}, expected at least 1")
    return number
