"""`polyparse vectors evaluate`: how often a word's translation is the nearest word of the other language, or one of five."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from polyparse.atomic import replace_file
from polyparse.cli.arguments import path
from polyparse.cli.table import print_table
from polyparse.outputs import check_folder
from train.embeddings.word_space import read_space
from train.progress import Progress
from train.vectors.dictionary import read_dictionary
from train.vectors.evaluation import AT, measure
from train.vectors.preparation import prepared

if TYPE_CHECKING:
    import argparse

    from train.vectors.evaluation import TranslationMeasures

MEASURES = ("nn", "csls")


def add_action(actions: Any, reading: argparse.ArgumentParser) -> None:
    """Add `evaluate` to the parser."""
    add = actions.add_parser(
        "evaluate", parents=[reading], help="measure translation by nearest neighbours", description=__doc__
    )
    add.add_argument("source", type=path, metavar="SOURCE.vec")
    add.add_argument("target", type=path, metavar="TARGET.vec", help="in the same space as the source")
    add.add_argument("--dictionary", type=path, metavar="FILE", required=True, help="what is right")
    add.add_argument(
        "--without",
        type=path,
        metavar="FILE",
        help="leave out the source words of this dictionary, such as that which was learnt from",
    )
    add.add_argument("--json", type=path, metavar="FILE", help="write the measures here too")
    add.set_defaults(action=run)


def run(options: argparse.Namespace) -> int:
    """Print the measures as a table."""
    if options.json is not None:
        check_folder(options.json.parent, files=[options.json.name])
    pairs = read_dictionary(options.dictionary)
    learnt = {word for word, _ in read_dictionary(options.without)} if options.without else set()
    progress = Progress(quiet=options.quiet)
    source, target = (
        prepared(read_space(file, limit=options.words, progress=progress), "unit")
        for file in (options.source, options.target)
    )
    measures = measure(source, target, pairs, without=learnt)
    rows = [
        [kind, str(hits.words), *(f"{share:.4f}" for name in MEASURES for share in hits.precision(name))]
        for kind, hits in measures.by_kind.items()
    ]
    print_table(["pairs", "words", *(f"{name} P@{at}" for name in MEASURES for at in AT)], rows)
    words = measures.by_kind["all"].words
    print(f"coverage: {measures.coverage:.4f} ({words} of {measures.asked} source words)")
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        replace_file(options.json, (json.dumps(_plain(measures), indent=2) + "\n").encode())
    return 0


def _plain(measures: TranslationMeasures) -> dict[str, Any]:
    by_kind = {
        kind: {
            "words": hits.words,
            **{
                f"{name}_p{at}": share
                for name in MEASURES
                for at, share in zip(AT, hits.precision(name), strict=True)
            },
        }
        for kind, hits in measures.by_kind.items()
    }
    return {"asked": measures.asked, "coverage": measures.coverage, **by_kind}
