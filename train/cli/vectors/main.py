"""`polyparse vectors ACTION`: word vectors of several languages: train or fetch them, align them, measure them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.cli.arguments import ArgumentParser, integer
from train.cli.vectors import align, evaluate, fetch, merge, train
from train.embeddings.word_space import MOST_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS_OF_A_FILE = 100_000_000


def main(argv: Sequence[str]) -> int:
    """Run one of the actions; each raises CorpusError, ConfigError or DownloadError where it refuses."""
    options = arguments().parse_args(argv)
    status: int = options.action(options)
    return status


def arguments() -> ArgumentParser:
    """The parser of the command line."""
    parser = ArgumentParser(prog="polyparse vectors", description=__doc__)
    quiet = ArgumentParser(add_help=False)
    quiet.add_argument("--quiet", action="store_true", help="no progress bars")
    reading = ArgumentParser(add_help=False, parents=[quiet])
    reading.add_argument(
        "--words",
        type=integer(1, WORDS_OF_A_FILE),
        default=MOST_WORDS,
        metavar="N",
        help=f"how many words of a file are read, the most frequent ones ({MOST_WORDS:,}, 240 MB of 300 numbers each)",
    )
    actions = parser.add_subparsers(required=True, metavar="train|align|evaluate|merge|fetch")
    train.add_action(actions, quiet)
    align.add_action(actions, reading)
    evaluate.add_action(actions, reading)
    merge.add_action(actions, reading)
    fetch.add_action(actions, quiet)
    return parser
