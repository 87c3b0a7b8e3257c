"""`polyparse screen BUNDLE --corpus CORPUS --out DIR`: a bundle that refuses languages which it does not serve.

The screen learns from the corpus's training partition: what is in the bundle's locales, and what is in all others.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model_export.bundle.rewrite import with_language_screen
from polyparse.bundle import store
from polyparse.cli.arguments import ArgumentParser
from polyparse.corpora.read import read
from polyparse.outputs import check_folder
from train.postprocessing.language import fit_to_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the new bundle is written."""
    options = _parser().parse_args(argv)
    out = Path(options.out).absolute()
    check_folder(out.parent)
    bundle = Path(options.bundle)
    locales = store.verify(bundle).locales
    dev = read(options.corpus, locales=locales, partition="dev")
    screen = fit_to_corpus(options.corpus, locales, say=print)
    written = with_language_screen(bundle, screen, out, dev=dev)
    print(f"{out}: {written.name} {written.version}, sha256 {store.digest(out)}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse screen", description=__doc__)
    parser.add_argument("bundle", metavar="BUNDLE", help="the bundle, as in models/NAME/VERSION")
    parser.add_argument(
        "--corpus",
        required=True,
        metavar="FORMAT:PATH",
        help="a corpus in the bundle's locales and in others; its dev split chooses biases, and measures the new bundle",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="the new bundle's folder, whose name is its version; must not exist",
    )
    return parser
