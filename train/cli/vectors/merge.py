"""`polyparse vectors merge`: aligned vectors of several languages as one file, which a network can start from.

A word that several languages have gets the mean of its vectors, weighted by how often each language uses it in the corpus.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyparse.cli.arguments import path
from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from polyparse.text.forms import words_of
from train.embeddings.word_space import read_space, write_space
from train.progress import Progress
from train.vectors.merging import merged

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_action(actions: Any, reading: argparse.ArgumentParser) -> None:
    """Add `merge` to the parser."""
    add = actions.add_parser(
        "merge",
        parents=[reading],
        help="write aligned vectors of several languages as one",
        description=__doc__,
    )
    add.add_argument("files", nargs="+", metavar="LOCALE=FILE.vec", help="the languages, all in one space")
    add.add_argument(
        "--corpus",
        metavar="FORMAT:PATH",
        help="whose train partition says how often each language uses a word; equally often without",
    )
    add.add_argument("--out", type=path, metavar="FILE.vec", required=True, help="the file to write")
    add.set_defaults(action=run)


def run(options: argparse.Namespace) -> int:
    """Write one .vec file, the word first that the corpus has most often."""
    files = _files(options.files)
    check_folder(options.out.parent, files=[options.out.name])
    counts: dict[str, Counter[str]] = {locale: Counter() for locale in files}
    if options.corpus is not None:
        for example in read(options.corpus, locales=list(files), partition="train"):
            counts[example.locale].update(words_of(example.text))
    progress = Progress(quiet=options.quiet)
    spaces = {
        locale: read_space(file, limit=options.words, progress=progress) for locale, file in files.items()
    }
    space = merged(spaces, counts)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_space(options.out, space)
    progress.say(f"{options.out}: {len(space.words)} words of {len(files)} languages")
    return 0


def _files(arguments: Sequence[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for argument in arguments:
        locale, equals, file = argument.partition("=")
        if not locale or not equals or not file or locale in files:
            raise ConfigError(f"found {argument!r}, expected LOCALE=FILE.vec, each locale once")
        files[locale] = Path(file)
    return files
