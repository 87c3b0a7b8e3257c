"""`polyparse rejection --checkpoint DIR`: choose from which score on a trained model refuses an utterance.

The weights of the score are those of a run that left domains out; the threshold is this model's own, by its dev. Writes
rejection.json into the checkpoint, and seen_text.npz where the score reads it, from where `polyparse export` takes
them, and prints what becomes of a set of utterances that no domain covers.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.unseen_domains.evidence import gather
from polyparse.contract.frame import Utterance
from polyparse.corpora import read as corpora
from polyparse.errors import ConfigError
from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.inference.ood import Rejection, scores
from polyparse.schema import structure
from train.checkpoint import Checkpoint
from train.postprocessing import ood_threshold as threshold
from train.postprocessing.ood_weights import FOUND
from train.postprocessing.training_text import seen_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.inference.pipeline import Pipeline
    from polyparse.text.vectorizer import Vectorizer

    Scores = NDArray[np.float32]

MOST_REFUSED = 0.02  # a share of dev


def main(argv: Sequence[str]) -> int:
    """Exit 0 when rejection.json is written."""
    options = _parser().parse_args(argv)
    weights = _read(Path(options.weights)) if options.weights else FOUND
    checkpoint = Checkpoint(Path(options.checkpoint))
    if not checkpoint.complete:
        raise ConfigError(f"{options.checkpoint}: found no finished run, expected one")
    if weights.needs_seen_text:
        _save_seen_text(checkpoint, options.corpus)
    rejection = choose(checkpoint, weights, options.share)
    checkpoint.save_json("rejection", rejection)
    print(f"{options.checkpoint}/rejection.json: threshold {rejection.threshold:.4f}")
    return 0


def choose(checkpoint: Checkpoint, weights: Rejection, share: float) -> Rejection:
    """The weights with the threshold that refuses at most that share of the checkpoint's dev; prints what it refuses."""
    vectorizer, pipeline = checkpoint.pipeline()
    dev = [example.utterance for example in checkpoint.dev()]
    scores_B, locales = _scores(dev, vectorizer, pipeline, weights)
    if not len(scores_B):
        raise ConfigError(
            f"{checkpoint.folder}: found no dev utterance, expected some to choose a threshold by"
        )
    rejection = replace(weights, threshold=threshold.choose(scores_B, share))
    print(_shares("dev refused", scores_B > rejection.threshold, locales))
    served = set(checkpoint.run().locales) & PHRASES.keys()
    outside = [Utterance(text, locale) for locale in sorted(served) for text in PHRASES[locale]]
    if outside:
        scores_B, locales = _scores(outside, vectorizer, pipeline, weights)
        print(_shares("out of domain refused", scores_B > rejection.threshold, locales))
    return rejection


def _save_seen_text(checkpoint: Checkpoint, spec: str | None) -> None:
    """Put down what the run's training partition has; the corpus is the run's own, wherever it stands now."""
    run = checkpoint.run()
    examples = corpora.read(spec or run.corpus, locales=run.locales, partition="train")
    checkpoint.save_seen_text(seen_by(examples, checkpoint))


def _scores(
    utterances: Sequence[Utterance], vectorizer: Vectorizer, pipeline: Pipeline, weights: Rejection
) -> tuple[Scores, list[str]]:
    """Scores of the utterances that have a token, and their locales."""
    items = [item for item in map(vectorizer.item, utterances) if item.n_tokens]
    if not items:
        return np.zeros(0, dtype=np.float32), []
    return scores(weights, gather(pipeline, items)), [str(item.utterance.locale) for item in items]


def _shares(title: str, refused_B: NDArray[np.bool_], locales: Sequence[str]) -> str:
    """A line: the share refused of all, and of each locale."""
    of_locale: defaultdict[str, list[bool]] = defaultdict(list)
    for locale, refused in zip(locales, refused_B.tolist(), strict=True):
        of_locale[locale].append(refused)
    each = " ".join(f"{locale} {np.mean(found):.4f}" for locale, found in sorted(of_locale.items()))
    return f"{title}: {refused_B.mean():.4f} of {len(refused_B)} ({each})"


def _read(path: Path) -> Rejection:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: found no JSON ({error}), expected weights of a score") from error
    return structure(Rejection, data, where=str(path))


def _share(text: str) -> float:
    if not 0.0 <= (share := float(text)) <= MOST_REFUSED:
        raise argparse.ArgumentTypeError(f"found {share:g}, expected 0 to {MOST_REFUSED:g}")
    return share


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="polyparse rejection", description=__doc__)
    parser.add_argument("--checkpoint", metavar="DIR", required=True, help="a finished run")
    parser.add_argument(
        "--weights",
        metavar="FILE",
        help="weights that `python -m benchmarks.unseen_domains --rejection FILE` wrote (default: those found on MASSIVE)",
    )
    parser.add_argument(
        "--corpus", metavar="FORMAT:PATH", help="where its corpus is now (default: where it was when it ran)"
    )
    parser.add_argument(
        "--share",
        type=_share,
        default=threshold.REFUSED_SHARE,
        metavar="S",
        help=f"the share of dev that may be refused (default: {threshold.REFUSED_SHARE:g})",
    )
    return parser
