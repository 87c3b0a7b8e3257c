"""`polyparse data check CORPUS`: what a person would want to know about a corpus before training on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.cli.arguments import ArgumentParser, integer, names
from polyparse.corpora.checks.check import count, findings_of, report
from polyparse.corpora.checks.corpus import Corpus
from polyparse.corpora.read import read_all

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

SHOWN = 5
"""Findings of each check that are shown."""
MOST_SHOWN = 1_000_000


def main(argv: Sequence[str]) -> int:
    """Exit 0 where nothing is found, 1 where something is; a corpus that cannot be read is raised as a PolyparseError."""
    options = arguments().parse_args(argv)
    status: int = options.action(options)
    return status


def arguments() -> ArgumentParser:
    """The parser of the command line."""
    parser = ArgumentParser(prog="polyparse data", description="Look after corpora.")
    actions = parser.add_subparsers(required=True, metavar="check")
    add = actions.add_parser(
        "check",
        help="show what is wrong in a corpus, or likely to be",
        description="Show what is wrong in a corpus, or likely to be, with file and line."
        " The exit status is 0 where nothing is, 1 where something is, 2 where the corpus cannot be read.",
    )
    add.add_argument("corpus", metavar="FORMAT:PATH", help="massive:DIR, slots:DIR or conll:PREFIX")
    add.add_argument(
        "--locales", type=names, metavar="a,b", help="locales to check; all that the corpus has by default"
    )
    add.add_argument(
        "--examples",
        metavar="N",
        type=integer(0, MOST_SHOWN),
        default=SHOWN,
        help=f"findings of each kind to show ({SHOWN})",
    )
    add.set_defaults(action=check)
    return parser


def check(options: argparse.Namespace) -> int:
    """Print the findings by kind, and their number."""
    partitions = read_all(options.corpus, locales=options.locales)
    findings = findings_of(Corpus(partitions))
    for line in report(findings, examples=options.examples):
        print(line)
    sizes = ", ".join(f"{name} {len(examples)}" for name, examples in partitions.items())
    print(f"{options.corpus}: {count(findings)} in {sizes} utterances")
    return 1 if findings else 0
