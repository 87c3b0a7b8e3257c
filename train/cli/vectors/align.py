"""`polyparse vectors align`: bring the vectors of a source language into the space of a target language.

Words that translate each other come from a dictionary file, are the same in both files, or are induced from a corpus whose
utterances are translations with the same id. Some may be held out to be judged by. Both languages are written, as what is
done before (--prepare) and after (--last weighted) moves the target too; with --last orthogonal, several sources meet at one
target.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from polyparse.atomic import replace_file
from polyparse.cli.arguments import integer, names, number, path
from polyparse.corpora.read import read
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from train.embeddings.word_space import read_space, write_space
from train.progress import Progress
from train.vectors.alignment import METHODS, align
from train.vectors.dictionary import held_out, identical, induced, read_dictionary, rows_of
from train.vectors.preparation import PREPARATIONS
from train.vectors.self_learning import LAST_MAPS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from train.embeddings.word_space import WordSpace
    from train.vectors.alignment import Method
    from train.vectors.dictionary import WordPairs

MOST = 1_000_000
LEARNT, HELD_OUT = "dictionary.txt", "held-out.txt"
SETTINGS = ("refine", "commonest", "k", "steps", "rate", "spectral", "keep", "patience", "last", "seed")
"""Options that are fields of a method; each method has some of them."""


def add_action(actions: Any, reading: argparse.ArgumentParser) -> None:
    """Add `align` to the parser."""
    add = actions.add_parser(
        "align",
        parents=[reading],
        help="bring the vectors of two languages into one space",
        description=__doc__,
    )
    add.add_argument("source", type=path, metavar="SOURCE.vec")
    add.add_argument("target", type=path, metavar="TARGET.vec")
    add.add_argument("--out", type=path, metavar="DIR", required=True, help="where both .align.vec go")
    pairs = add.add_mutually_exclusive_group(required=True)
    pairs.add_argument(
        "--dictionary", type=path, metavar="FILE", help="a word and its translation in each line"
    )
    pairs.add_argument("--identical", action="store_true", help="words that both languages have")
    pairs.add_argument(
        "--induced", metavar="FORMAT:PATH", help="induced from the train partition of a corpus"
    )
    add.add_argument("--locales", type=names, metavar="a,b", help="of source and target in the corpus")
    add.add_argument(
        "--hold-out",
        type=number(1e-3, 1.0 - 1e-3),
        metavar="SHARE",
        help="learn nothing from the pairs of this share of source words, but write them to held-out.txt (0)",
    )
    add.add_argument(
        "--method", choices=METHODS, default="procrustes", help="how the map is found (procrustes)"
    )
    add.add_argument(
        "--prepare", choices=PREPARATIONS, default="centred", help="what is done to vectors before (centred)"
    )
    _add_settings(add)
    add.set_defaults(action=run)


def _add_settings(add: argparse.ArgumentParser) -> None:
    """Options of the methods; None is the method's own default."""
    for flag, kind, text in (
        ("--refine", integer(0, 1000), "procrustes: how often the dictionary is found anew (5)"),
        ("--commonest", integer(1, MOST), "words in which it is (procrustes: 10,000; self-learning: 20,000)"),
        ("--k", integer(1, MOST), "neighbours that CSLS looks at (10)"),
        ("--steps", integer(0, MOST), "rcsls: steps of gradient descent (10)"),
        ("--rate", number(1e-3, 1e6), "rcsls: their rate (25)"),
        ("--keep", number(1e-3, 1.0), "self-learning: the share of entries that counts at first (0.1)"),
        ("--patience", integer(1, MOST), "self-learning: rounds without a gain before it doubles (50)"),
        ("--seed", integer(0, 2**31), "self-learning: what draws these entries (0)"),
    ):
        add.add_argument(flag, type=kind, metavar="N", help=text)
    add.add_argument("--spectral", action="store_true", default=None, help="rcsls: no singular value over 1")
    add.add_argument("--last", choices=LAST_MAPS, help="self-learning: the last map (weighted)")


def run(options: argparse.Namespace) -> int:
    """Write both languages, the pairs that were learnt from (dictionary.txt) or not, and what was done (alignment.json)."""
    method = _method(options)
    files = _outputs(options)
    judged_by = [HELD_OUT] if options.hold_out else []
    check_folder(options.out, files=[*files.values(), LEARNT, *judged_by, "alignment.json"])
    if options.induced is not None and len(options.locales or ()) != 2:
        raise ConfigError(f"--locales: found {options.locales}, expected those of source and target")
    progress = Progress(quiet=options.quiet)
    source = read_space(options.source, limit=options.words, progress=progress)
    target = read_space(options.target, limit=options.words, progress=progress)
    pairs, held = held_out(_pairs(options, source, target), options.hold_out or 0.0)
    aligned = align((source, target), pairs, method, preparation=options.prepare, progress=progress)
    options.out.mkdir(parents=True, exist_ok=True)
    write_space(options.out / files["source"], aligned.source)
    write_space(options.out / files["target"], aligned.target)
    learnt = [
        (source.words[row], target.words[other]) for row, other in rows_of(pairs, source, target).tolist()
    ]
    for name, of_file in ((LEARNT, learnt), *((name, held) for name in judged_by)):
        lines = "".join(f"{word}\t{other}\n" for word, other in of_file)
        replace_file(options.out / name, lines.encode("utf-8", "surrogateescape"))
    done = {
        **files,
        "method": options.method,
        "settings": asdict(method),
        "prepare": options.prepare,
        "pairs": aligned.pairs,
        "pairs_asked": len(pairs),
    }
    replace_file(options.out / "alignment.json", (json.dumps(done, indent=2) + "\n").encode())
    progress.say(f"{options.out}: aligned by {aligned.pairs} of {len(pairs)} pairs, {options.method}")
    return 0


def _method(options: argparse.Namespace) -> Method:
    """The method with the settings that were given; raises ConfigError for those of another one."""
    cls = METHODS[options.method]
    given = {name: getattr(options, name) for name in SETTINGS if getattr(options, name) is not None}
    foreign = given.keys() - {field.name for field in fields(cls)}
    if foreign:
        flags = ", ".join(f"--{name}" for name in sorted(foreign))
        raise ConfigError(f"{flags}: found with --method {options.method}, expected with another method")
    return cls(**given)


def _outputs(options: argparse.Namespace) -> Mapping[str, str]:
    """Names of the files that are written; raises ConfigError where one would replace the other, or what is read."""
    names_ = {
        side: f"{getattr(options, side).name.removesuffix('.vec').removesuffix('.align')}.align.vec"
        for side in ("source", "target")
    }
    read_files = {os.path.realpath(options.source), os.path.realpath(options.target)}
    written = {os.path.realpath(options.out / name) for name in names_.values()}
    if len(written) < len(names_) or written & read_files:
        raise ConfigError(
            f"--out: found {options.out}, where {' and '.join(names_.values())} would overwrite each other or what is read,"
            " expected another folder, or files of other names"
        )
    return names_


def _pairs(options: argparse.Namespace, source: WordSpace, target: WordSpace) -> WordPairs:
    if options.dictionary is not None:
        return read_dictionary(options.dictionary)
    if options.identical:
        return identical(source, target)
    examples = read(options.induced, locales=options.locales, partition="train")
    return induced(examples, *options.locales)
