"""`polyparse screen BUNDLE --corpus CORPUS --out DIR`: a bundle that refuses other languages, negated and foreign requests.

The screens learn from the corpus's training partition: what is in the bundle's locales, and what is in all others; requests,
and what is made of them by the rules for negation, where a language served has some. Which words are foreign, the
out-of-domain score learns of the corpus and of lists of what no domain covers, where the bundle has such a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from model_export.bundle.rewrite import with_screens
from polyparse.bundle import store
from polyparse.cli.arguments import ArgumentParser, number, path
from polyparse.contract.locales import language_of
from polyparse.corpora.augmentation.foreign import lists
from polyparse.corpora.augmentation.negation import rules
from polyparse.corpora.read import read
from polyparse.evaluation.evaluate import intents_right
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from train.postprocessing import foreign, negation
from train.postprocessing.language import fit_to_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence


MAX_REFUSED_SHARE = 0.02  # of dev
KINDS = ("languages", "negation", "foreign")


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the new bundle is written."""
    options = _parser().parse_args(argv)
    out = options.out.absolute()
    check_folder(out.parent)
    bundle = options.bundle
    loaded = load(bundle, device="cpu")
    locales, parser, ood = loaded.manifest.locales, loaded.parser, loaded.manifest.ood
    languages_served = {language_of(locale) for locale in locales}
    train, dev = (read(options.corpus, locales=locales, partition=part) for part in ("train", "dev"))
    given: dict[str, Any] = {}
    if "languages" in options.kinds:
        given["languages"] = fit_to_corpus(options.corpus, locales, say=print)
    if "negation" in options.kinds and languages_served & set(rules.LANGUAGES):
        given["negation"] = negation.fit(train, dev, parser.vectorizer, right_B=intents_right(parser, dev))
    if "foreign" in options.kinds and ood is not None and languages_served & set(lists.LANGUAGES):
        given["foreign"] = foreign.fit(train, dev, parser, ood, foreign.ForeignFit(share=options.share))
    written = with_screens(bundle, out, dev=dev, **given)
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
        "--kinds", nargs="+", choices=KINDS, default=KINDS, help="which screens (default: all)"
    )
    parser.add_argument(
        "--share",
        type=number(0.0, MAX_REFUSED_SHARE),
        default=foreign.ForeignFit().share,
        metavar="S",
        help="the share of dev that may be refused as foreign or otherwise of no domain (default: %(default)g)",
    )
    return parser
