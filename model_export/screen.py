"""`polyparse screen BUNDLE --corpus CORPUS --out DIR`: a bundle that refuses other languages, and negated requests.

The screens learn from the corpus's training partition: what is in the bundle's locales, and what is in all others; requests,
and what is made of them by the rules for negation, where a language served has some.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_export.bundle.rewrite import with_screens
from polyparse.bundle import store
from polyparse.cli.arguments import ArgumentParser, path
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.negation.rules import LANGUAGES
from polyparse.corpora.read import read
from polyparse.evaluation.evaluate import intents_right
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from train.postprocessing.language import fit_to_corpus
from train.postprocessing.negation import fit

if TYPE_CHECKING:
    from collections.abc import Sequence


KINDS = ("languages", "negation")


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the new bundle is written."""
    options = _parser().parse_args(argv)
    out = options.out.absolute()
    check_folder(out.parent)
    bundle = options.bundle
    locales = store.verify(bundle).locales
    dev = read(options.corpus, locales=locales, partition="dev")
    languages = negation = None
    if "languages" in options.kinds:
        languages = fit_to_corpus(options.corpus, locales, say=print)
    if "negation" in options.kinds and any(language_of(locale) in LANGUAGES for locale in locales):
        parser = load(bundle, device="cpu").parser
        train = read(options.corpus, locales=locales, partition="train")
        negation = fit(train, dev, parser.vectorizer, right_B=intents_right(parser, dev))
    written = with_screens(bundle, out, dev=dev, languages=languages, negation=negation)
    print(f"{out}: {written.name} {written.version}, sha256 {store.digest(out)}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse screen", description=__doc__)
    parser.add_argument("bundle", metavar="BUNDLE", type=path, help="the bundle, as in models/NAME/VERSION")
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
        type=path,
        help="the new bundle's folder, whose name is its version; must not exist",
    )
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=KINDS, help="which screens (default: both)"
    )
    return parser
