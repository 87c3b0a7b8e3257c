"""`polyparse coin BUNDLE --words FILE --corpus CORPUS --out DIR`: a bundle with words that training never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_export.bundle.coined_words import Coinage
from model_export.bundle.rewrite import with_words
from polyparse.bundle import store
from polyparse.cli.arguments import ArgumentParser, path
from polyparse.corpora.read import read
from polyparse.outputs import check_folder

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the new bundle is written."""
    options = _parser().parse_args(argv)
    out = options.out.absolute()
    check_folder(out.parent)
    bundle, coinage = options.bundle, Coinage.load(options.words)
    dev = read(options.corpus, locales=store.verify(bundle).locales, partition="dev")
    written = with_words(bundle, coinage, out, dev=dev)
    print(f"{out}: {written.name} {written.version}, sha256 {store.digest(out)}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse coin", description=__doc__)
    parser.add_argument("bundle", metavar="BUNDLE", type=path, help="the bundle, as in models/NAME/VERSION")
    parser.add_argument(
        "--words",
        required=True,
        metavar="FILE",
        type=path,
        help="JSON: the words, and the known words that their rows are sums of, as in model_export/coined",
    )
    parser.add_argument(
        "--corpus", required=True, metavar="FORMAT:PATH", help="its dev split measures the new bundle"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        type=path,
        help="the new bundle's folder, whose name is its version; must not exist",
    )
    return parser
