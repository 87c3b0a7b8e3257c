"""What of tasks and talk that no domain covers is refused, and what that costs: a bundle with weights of foreign words.

The weights and the score are the bundle's own, or, where it has none, what `polyparse screen` would give it. They judge
phrases whose things and wordings they never saw, of topics that they saw (seen) and of others, and dev. Dev loses what is
refused, by the score or a screen, though it was right. A table says what each threshold would catch and cost.

Axes: B utterances.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

from benchmarks import command, corpus
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse.bundle import store as bundle
from polyparse.contract.frame import Utterance
from polyparse.evaluation.foreign_phrases import LOCALES, TALK, TASK, phrases_of
from polyparse.evaluation.refusal import SHARES, caught, dev_of
from polyparse.inference.batches import cut
from polyparse.inference.foreign import ForeignWords
from polyparse.inference.ood import threshold_of
from polyparse.runtime.load import load
from polyparse.text.vectorizer import collate
from train.postprocessing.foreign import ForeignRule, fit, sums_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from polyparse.corpora.example import Example
    from polyparse.evaluation.foreign_phrases import ForeignPhrase
    from polyparse.evaluation.refusal import Dev
    from polyparse.inference.ood import OodScore
    from polyparse.inference.parser import Parser
    from polyparse.runtime.load import LoadedBundle
    from polyparse.text.vectorizer import Item


BATCH = 32
TARGETS = {
    "caught_task": Target(">=", 0.5),
    "dev_refused": Target("<=", 0.02),
    "dev_intents_lost": Target("<=", 0.005),
    "words_bytes": Target("<=", 400_000),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.foreign", __doc__)
    parser.add_argument("--list", action="store_true", help="print the phrases that are answered")
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.corpus, listed=options.list), json=options.json
    )


def measure(models: Path, spec: str, *, listed: bool = False) -> Result:
    """The figures of the bundle that `polyparse.bundle.store.locate` finds; prints which it is, and the table."""
    located = bundle.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    print(f"{loaded.manifest.name} {loaded.manifest.version}, {located.bundle}")
    examples = corpus.examples(spec, partition="dev")
    rule = rule_of(loaded, spec, examples)
    phrases = [phrase for locale in LOCALES for phrase in phrases_of(locale)]
    scores_B = scores(loaded.parser, rule, [Utterance(phrase.text, phrase.locale) for phrase in phrases])
    dev = judged_by(rule, loaded, examples)
    for share in SHARES:
        print(_row(phrases, scores_B, dev, threshold_of(dev.scores_B, share)))
    threshold = rule.score.threshold
    if listed:
        for phrase, each in zip(phrases, scores_B.tolist(), strict=True):
            if each <= threshold:
                print(f"answered: {each:.3f} {phrase.locale} {phrase.topic}: {phrase.text}")
    figures = {
        **caught(phrases, scores_B > threshold),
        **dev.cost(threshold),
        **cost(loaded.parser, rule.words, examples),
        "threshold": threshold,
    }
    return Result("foreign", figures, TARGETS)


def rule_of(loaded: LoadedBundle, spec: str, dev: Sequence[Example]) -> ForeignRule:
    """The bundle's own weights and score, or what is fitted to the corpus; MeasurementFailed for one without a score."""
    own, file = score_of(loaded), loaded.manifest.text.foreign
    if file is not None:
        return ForeignRule(ForeignWords.load(loaded.folder / file), own)
    return fit(corpus.examples(spec, partition="train"), dev, loaded.parser, own)


def score_of(loaded: LoadedBundle) -> OodScore:
    """The bundle's score; MeasurementFailed for one without."""
    if loaded.manifest.ood is None:
        raise MeasurementFailed(
            f"{loaded.folder}: found a bundle that refuses nothing, expected one with a score"
        )
    return loaded.manifest.ood


def scores(parser: Parser, rule: ForeignRule, utterances: Sequence[Utterance]) -> NDArray[np.float32]:
    """The score of each utterance, shape (B,)."""
    items = [parser.prepare(utterance) for utterance in utterances]
    evidence = replace(parser.evidence(items), foreign_words_B=sums_of(rule.words, items))
    return rule.score.scores(evidence)


def judged_by(rule: ForeignRule, loaded: LoadedBundle, examples: Sequence[Example]) -> Dev:
    """Dev by the scores of the rule, and by the frames of the bundle."""
    dev = dev_of(loaded.parser, score_of(loaded).threshold, examples)
    return replace(dev, scores_B=scores(loaded.parser, rule, [example.utterance for example in examples]))


def cost(parser: Parser, words: ForeignWords, examples: Sequence[Example]) -> dict[str, float]:
    """Microseconds an utterance in batches of BATCH, and of one; bytes of the file."""
    items = [parser.prepare(example.utterance) for example in examples]
    with TemporaryDirectory() as folder:
        words.save(path := Path(folder, "foreign.npz"))
        size = path.stat().st_size
    return {
        "words_us": _microseconds(words, items, BATCH),
        "words_us_alone": _microseconds(words, items, 1),
        "words_bytes": size,
    }


def _microseconds(words: ForeignWords, items: Sequence[Item], size: int) -> float:
    """An utterance, once a batch of this size is collated; the first batch makes the table."""
    batches = [collate([items[n] for n in batch]) for batch in cut(range(len(items)), size)]
    words.sums(batches[0])
    started = perf_counter()
    for batch in batches:
        words.sums(batch)
    return (perf_counter() - started) / len(items) * 1e6


def _row(phrases: Sequence[ForeignPhrase], scores_B: NDArray[np.float32], dev: Dev, threshold: float) -> str:
    figures = caught(phrases, scores_B > threshold) | dev.cost(threshold)
    keys = (
        *("dev_refused_by_score", "dev_refused", "dev_intents_lost", "dev_exact_lost"),
        *(f"caught_{kind}{topics}" for kind in (TASK, TALK) for topics in ("", "_seen", "_unseen")),
    )
    return f"threshold {threshold:.4f}: " + " ".join(f"{key} {figures[key]:.4f}" for key in keys)


if __name__ == "__main__":
    sys.exit(main())
