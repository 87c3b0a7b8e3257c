"""`polyparse ood --checkpoint DIR`: choose the out-of-domain score above which a trained model refuses an utterance.

The weights of the score come from a benchmark that trains with some domains left out; the threshold is chosen on this
model's own dev utterances. The command writes ood.json into the checkpoint, and training_text.npz if the score needs it;
`polyparse export` reads both. It prints the share refused of dev, and of a set of utterances that no domain covers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from polyparse.cli.arguments import ArgumentParser, number, path, stated
from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.corpora.selection.select import select
from polyparse.errors import ConfigError
from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.inference.ood import OodScore, threshold_of
from polyparse.outputs import check_folder
from polyparse.schema import read_json
from train.checkpoint import Checkpoint
from train.finished import parser_of
from train.postprocessing.ood import MASSIVE_SCORE, REFUSED_SHARE
from train.postprocessing.training_text import training_text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.inference.parser import Parser

    Scores = NDArray[np.float32]

MAX_REFUSED_SHARE = 0.02  # of dev


def main(argv: Sequence[str]) -> int:
    """Exit 0 when ood.json is written."""
    options = _parser().parse_args(argv)
    weights = _read(options.weights) if options.weights else MASSIVE_SCORE
    checkpoint = Checkpoint(options.checkpoint)
    if not checkpoint.complete:
        raise ConfigError(f"{options.checkpoint}: found no finished run, expected one")
    check_folder(checkpoint.folder, files=["ood.json", "training_text.npz"])
    if weights.needs_training_text:
        _save_training_text(checkpoint, options.corpus)
    ood = choose(checkpoint, weights, options.share)
    checkpoint.save("ood", ood)
    print(f"{options.checkpoint}/ood.json: threshold {ood.threshold:.4f}")
    return 0


def choose(checkpoint: Checkpoint, weights: OodScore, share: float) -> OodScore:
    """The weights with the threshold that refuses at most `share` of the checkpoint's dev; prints the shares refused."""
    parser = parser_of(checkpoint)
    dev = [example.utterance for example in checkpoint.dev()]
    scores_B, locales = _scores(dev, parser, weights)
    if not len(scores_B):
        raise ConfigError(
            f"{checkpoint.folder}: found no dev utterance, expected some to choose a threshold by"
        )
    ood = replace(weights, threshold=threshold_of(scores_B, share))
    print(_shares("dev refused", scores_B > ood.threshold, locales))
    phrase_locales = set(checkpoint.run().locales) & PHRASES.keys()
    phrases = [Utterance(text, locale) for locale in sorted(phrase_locales) for text in PHRASES[locale]]
    if phrases:
        scores_B, locales = _scores(phrases, parser, weights)
        print(_shares("out of domain refused", scores_B > ood.threshold, locales))
    return ood


def _save_training_text(checkpoint: Checkpoint, spec: str | None) -> None:
    """From the training partition of the run's corpus; `spec` says where that corpus is now, if it has moved."""
    run = checkpoint.run()
    locales = tuple(dict.fromkeys((*run.locales, *run.config.data.locales.evaluation)))
    corpus = spec or run.corpus
    train, dev = (corpora.read(corpus, locales=locales, partition=part) for part in ("train", "dev"))
    learnt = select(train, dev, run.config.data, path=Path(corpus)).train
    checkpoint.save("training_text", training_text_of(learnt, checkpoint))


def _scores(utterances: Sequence[Utterance], parser: Parser, weights: OodScore) -> tuple[Scores, list[str]]:
    """Scores of the utterances that have a token, and their locales."""
    items = [item for item in map(parser.vectorizer.item, utterances) if item.n_tokens]
    if not items:
        return np.zeros(0, dtype=np.float32), []
    return weights.scores(parser.evidence(items)), [str(item.utterance.locale) for item in items]


def _shares(title: str, refused_B: NDArray[np.bool_], locales: Sequence[str]) -> str:
    """One line of text: the share refused of all utterances, and of each locale."""
    by_locale: defaultdict[str, list[bool]] = defaultdict(list)
    for locale, refused in zip(locales, refused_B.tolist(), strict=True):
        by_locale[locale].append(refused)
    shares = " ".join(f"{locale} {np.mean(refused):.4f}" for locale, refused in sorted(by_locale.items()))
    return f"{title}: {refused_B.mean():.4f} of {len(refused_B)} ({shares})"


def _read(file: Path) -> OodScore:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: found no readable file ({error}), expected weights of a score") from error
    return read_json(OodScore, content, where=str(file))


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse ood", description=__doc__)
    parser.add_argument("--checkpoint", metavar="DIR", type=path, required=True, help="a finished run")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        type=path,
        help="weights that `python -m benchmarks.unseen_domains --ood FILE` wrote (default: those found on MASSIVE)",
    )
    parser.add_argument(
        "--corpus",
        metavar="FORMAT:PATH",
        type=stated("FORMAT:PATH"),
        help="where its corpus is now (default: where it was when it ran)",
    )
    parser.add_argument(
        "--share",
        type=number(0.0, MAX_REFUSED_SHARE),
        default=REFUSED_SHARE,
        metavar="S",
        help=f"the share of dev that may be refused (default: {REFUSED_SHARE:g})",
    )
    return parser
