"""`polyparse vectors train`: fastText vectors of one language, from a corpus or from plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polyparse.cli.arguments import integer, path
from polyparse.corpora.read import read
from polyparse.corpora.readers.splits import NAMES
from polyparse.errors import ConfigError, CorpusError
from polyparse.outputs import check_folder
from polyparse.text.forms import words_of
from train.embeddings.fasttext import EPOCHS, train_space
from train.embeddings.word_space import write_space
from train.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 100
MOST_NUMBERS, MOST_EPOCHS, MOST_COUNT = 2_000, 10_000, 1_000_000


def add_action(actions: Any, quiet: argparse.ArgumentParser) -> None:
    """Add `train` to the parser."""
    add = actions.add_parser(
        "train", parents=[quiet], help="train fastText vectors of one language", description=__doc__
    )
    text = add.add_mutually_exclusive_group(required=True)
    text.add_argument("--corpus", metavar="FORMAT:PATH", help="the texts of a corpus, of --locale")
    text.add_argument("--text", type=path, metavar="FILE", help="plain text in UTF-8, a sentence a line")
    add.add_argument("--locale", metavar="L", help="which locale of the corpus")
    add.add_argument(
        "--partition", choices=NAMES, default="train", help="which partition of the corpus (train)"
    )
    add.add_argument("--out", type=path, metavar="FILE.vec", required=True, help="the file to write")
    add.add_argument(
        "--size", type=integer(1, MOST_NUMBERS), default=SIZE, metavar="N", help=f"numbers a word ({SIZE})"
    )
    add.add_argument(
        "--epochs", type=integer(1, MOST_EPOCHS), default=EPOCHS, metavar="N", help=f"passes ({EPOCHS})"
    )
    add.add_argument(
        "--min-count",
        type=integer(1, MOST_COUNT),
        default=1,
        metavar="N",
        help="leave out words that are rarer (1)",
    )
    add.set_defaults(action=run)


def run(options: argparse.Namespace) -> int:
    """Write the .vec file, the most frequent word first."""
    if (options.corpus is None) != (options.locale is None):
        raise ConfigError("--locale: found it without --corpus, or not beside it, expected both or --text")
    check_folder(options.out.parent, files=[options.out.name])
    progress = Progress(quiet=options.quiet)
    sentences = _lines(options.text) if options.text else _texts(options)
    with progress.stage("fastText", None):
        space = train_space(sentences, size=options.size, epochs=options.epochs, min_count=options.min_count)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_space(options.out, space)
    progress.say(f"{options.out}: {len(space.words)} words of {space.size} numbers")
    return 0


def _texts(options: argparse.Namespace) -> Iterator[list[str]]:
    examples = read(options.corpus, locales=[options.locale], partition=options.partition)
    return (words_of(example.text) for example in examples)


def _lines(file: Path) -> Iterator[list[str]]:
    """The words of each line of a file, which may be larger than memory."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield words_of(line.decode())
                except UnicodeDecodeError as error:
                    raise CorpusError(
                        f"found bytes that are not UTF-8 (byte {error.start + 1}), expected UTF-8",
                        path=file,
                        line=number,
                    ) from error
    except OSError as error:
        raise CorpusError(f"found no readable file ({error.strerror}), expected text", path=file) from error
