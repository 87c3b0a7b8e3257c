"""What it costs to make arrays of text, as serving does: microseconds an utterance, with warm caches and with empty ones.

An utterance's cost is its `Vectorizer.item` and its share of `collate` in batches of 32. Each pass over dev runs in a
process of its own, so that no cache of an earlier pass helps it.
"""

import gc
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import NamedTuple

from benchmarks import command, corpus
from benchmarks.result import Result, Target
from polyparse.bundle import manifest, store
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from polyparse.text.chunks import chunks
from polyparse.text.features import FeatureTable
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import Vocabulary

BATCH = 32
CHECKPOINT = ("vocabulary.json", "features.npy")
TARGETS = {"us_per_utterance": Target("<=", 60.0)}


class Cost(NamedTuple):
    """Microseconds an utterance."""

    item_us: float
    collate_us: float


class Pass(NamedTuple):
    """One pass over dev: the cost by locale, and the hit rate of the chunk cache."""

    costs: dict[str, Cost]
    hit_rate: float

    @property
    def us(self) -> float:
        """Mean cost over the locales."""
        return mean(sum(cost) for cost in self.costs.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.text", __doc__)
    command.counts(parser, ("--rounds", 3, "passes of each kind"))
    options = parser.parse_args(argv)
    return command.run(
        lambda: measure(options.bundle, options.corpus, rounds=options.rounds), json=options.json
    )


def measure(folder: Path, spec: str, *, rounds: int) -> Result:
    """Median over the rounds, by the vectorizer of a bundle or of a checkpoint."""
    warm = [_apart(folder, spec, warmed=True) for _ in range(rounds)]
    cold = [_apart(folder, spec, warmed=False) for _ in range(rounds)]
    return Result("text", figures(warm, cold), TARGETS)


def figures(warm: Sequence[Pass], cold: Sequence[Pass]) -> dict[str, float]:
    """The figures of some passes."""
    return {
        "us_per_utterance": median(one.us for one in warm),
        "us_cold": median(one.us for one in cold),
        "cache_hit_rate": median(one.hit_rate for one in warm),
        "us_item": median(mean(cost.item_us for cost in one.costs.values()) for one in warm),
        "us_collate": median(mean(cost.collate_us for cost in one.costs.values()) for one in warm),
        **{f"us_{locale}": median(sum(one.costs[locale]) for one in warm) for locale in warm[0].costs},
    }


def vectorizer_of(folder: Path) -> Vectorizer:
    """The vectorizer of a checkpoint's tables, or of the bundle that `polyparse.bundle.store.locate` finds."""
    words, features = (folder / name for name in CHECKPOINT)
    if words.is_file() and features.is_file() and not (folder / manifest.FILE).exists():
        return Vectorizer(Vocabulary.load(words), FeatureTable.load(features))
    located = store.locate(folder)
    return load(located.bundle, digest=located.digest, device="cpu").parser.vectorizer


def one_pass(folder: Path, spec: str, *, warmed: bool) -> Pass:
    """One pass over dev, locale by locale; before it, if `warmed`, one over train fills the caches."""
    vectorizer = vectorizer_of(folder)
    dev = {locale: corpus.read(spec, locale=locale, partition="dev") for locale in corpus.LOCALES}
    if warmed:
        for locale in corpus.LOCALES:
            for utterance in corpus.read(spec, locale=locale, partition="train"):
                vectorizer.item(utterance)
    gc.collect()
    before = vectorizer.misses()
    costs = {locale: _cost(vectorizer, utterances) for locale, utterances in dev.items()}
    looked_up = sum(
        1 for utterances in dev.values() for utterance in utterances for _ in chunks(utterance.text)
    )
    hits = looked_up - (vectorizer.misses() - before)
    return Pass(costs, hits / looked_up)


def _cost(vectorizer: Vectorizer, utterances: Sequence[Utterance]) -> Cost:
    item_s = collate_s = 0.0
    for first in range(0, len(utterances), BATCH):
        batch = utterances[first : first + BATCH]
        started_s = perf_counter()
        items: list[Item] = [vectorizer.item(utterance) for utterance in batch]
        item_s += perf_counter() - started_s
        items = [item for item in items if item.n_tokens]
        started_s = perf_counter()
        collate(items)
        collate_s += perf_counter() - started_s
    return Cost(1e6 * item_s / len(utterances), 1e6 * collate_s / len(utterances))


def _apart(folder: Path, spec: str, *, warmed: bool) -> Pass:
    """One pass in a fresh process."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(one_pass, folder, spec, warmed=warmed).result()


if __name__ == "__main__":
    sys.exit(main())
