"""Our linear-chain CRF beside CRFsuite, over the same features of the same tokens, with the same L2 penalty, in one locale.

Slots alone: strict spans over tokens, of which neither knows the domain. CRFsuite is `python-crfsuite`, which tests bring.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import torch

from benchmarks import command, corpus
from benchmarks.errors import MeasurementFailed
from benchmarks.result import Result, Target
from polyparse.contract.tags import SCHEMES
from polyparse.text.vectorizer import collate
from train.baselines.crf_objective import TaggedTokens
from train.baselines.crf_trainer import PERIOD, TokenCrfTrainer
from train.data.task import TextTables, build_targets, collect_labels, gold_tags
from train.models.heads.crf import Crf
from train.models.joint import BatchTensors
from train.models.token_crf import TokenCrf, TokenCrfConfig
from train.recipes.baselines import maxent_crf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Item

TARGETS = {"f1_difference": Target("<=", 0.003)}
SEED = 5
ALL = 1_000_000


class Tagging(NamedTuple):
    """A tagger's tags of each utterance of dev, and the seconds that its training took."""

    tags: list[list[str]]
    train_s: float


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.baseline", __doc__)
    parser.add_argument("--locale", default="en-US", help="the one locale (default: en-US)")
    command.counts(
        parser,
        ("--utterances", ALL, "training utterances, drawn at random"),
        ("--dev-utterances", ALL, "utterances of dev, the first ones"),
        ("--iterations", TokenCrfConfig().max_iterations, "at most so many of L-BFGS, of both"),
    )
    options = parser.parse_args(argv)

    def measured() -> Result:
        train, dev = (
            corpus.examples(options.corpus, partition=partition, locales=[options.locale])
            for partition in ("train", "dev")
        )
        Random(SEED).shuffle(train)  # noqa: S311 - not cryptography
        config = TokenCrfConfig(max_iterations=options.iterations)
        return measure(train[: options.utterances], dev[: options.dev_utterances], config)

    return command.run(measured, json=options.json)


def measure(train: Sequence[Example], dev: Sequence[Example], config: TokenCrfConfig) -> Result:
    """The figures of both, trained on the same items, and asked for the tags of the same ones."""
    run = replace(maxent_crf(), token_crf=config)
    labels, tables = collect_labels(train, run.scheme), TextTables.build(train, run)
    vectorizer = tables.vectorizer()
    seen, targets = build_targets(train, labels, vectorizer)
    tags = [[labels.tags[tag] for tag in target.tags_T] for target in targets]
    usable = [(item, each) for each in dev if (item := vectorizer.item(each.utterance)).n_tokens]
    asked = [item for item, _ in usable]
    gold = [gold_tags(item, example.slots, run.scheme) for item, example in usable]
    tokens = TaggedTokens(seen, targets, n_features=tables.n_token_features)
    ours, theirs = by_ours(tokens, asked, labels, config), by_crfsuite(seen, tags, asked, config)
    ours_f1, theirs_f1 = (span_f1(gold, each.tags, run.scheme) for each in (ours, theirs))
    same = sum(one == other for one, other in zip(ours.tags, theirs.tags, strict=True))
    figures = {
        "ours_f1": ours_f1,
        "crfsuite_f1": theirs_f1,
        "f1_difference": abs(ours_f1 - theirs_f1),
        "same_tags": same / len(gold),
        "ours_train_s": ours.train_s,
        "crfsuite_train_s": theirs.train_s,
        "utterances": len(seen),
    }
    return Result("baseline", figures, TARGETS)


def by_ours(tokens: TaggedTokens, asked: Sequence[Item], labels: Labels, config: TokenCrfConfig) -> Tagging:
    """Our CRF, with all features."""
    started = perf_counter()
    trainer = TokenCrfTrainer(tokens, Crf(labels.tags, labels.scheme), config)
    while not trainer.converged:
        trainer.run_period()
    train_s = perf_counter() - started
    weights_FK = trainer.weights()["weights_FK"]
    weights = {"weights_FK": torch.zeros(tokens.features_NF.shape[1], len(labels.tags))}
    weights["weights_FK"][trainer.features] = weights_FK[1:]
    network = TokenCrf(labels, n_features=tokens.features_NF.shape[1] - 1)
    network.load_state_dict(trainer.weights() | weights)
    return Tagging([_path(network, item) for item in asked], train_s)


@torch.inference_mode()
def _path(network: TokenCrf, item: Item) -> list[str]:
    tensors = BatchTensors.of(collate([item]))
    _, emissions_BTK = network(tensors)
    everything_BK = torch.ones(1, emissions_BTK.shape[2], dtype=torch.bool)
    path_BT = network.head.decode(emissions_BTK, everything_BK, tensors.lengths_B).path_RT
    return [network.head.tags[tag] for tag in path_BT[0].tolist()]


def by_crfsuite(
    seen: Sequence[Item], tags: Sequence[Sequence[str]], asked: Sequence[Item], config: TokenCrfConfig
) -> Tagging:
    """CRFsuite on the ids of the features, with our penalty and our number of iterations."""
    try:
        crfsuite = import_module("pycrfsuite")
    except ImportError:
        raise MeasurementFailed(
            "found no module pycrfsuite, expected it: pip install python-crfsuite, as requirements/integration.txt pins it"
        ) from None
    trainer = crfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {
            "c1": 0.0,
            "c2": config.l2,
            "max_iterations": config.max_iterations,
            "period": PERIOD,
            "delta": config.tolerance,
            "feature.possible_transitions": True,
        }
    )
    for item, of_item in zip(seen, tags, strict=True):
        trainer.append(_attributes(item), of_item)
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        model = str(Path(folder) / "model")
        trainer.train(model)
        train_s = perf_counter() - started
        tagger = crfsuite.Tagger()
        tagger.open(model)
        return Tagging([tagger.tag(_attributes(item)) for item in asked], train_s)


def span_f1(gold: Sequence[Sequence[str]], tags: Sequence[Sequence[str]], scheme: str) -> float:
    """Micro F1 of spans, right in slot and in both ends."""
    decode = SCHEMES[scheme].decode
    true, found = (
        {(utterance, span) for utterance, each in enumerate(tagged) for span in decode(each)}
        for tagged in (gold, tags)
    )
    return 2 * len(true & found) / max(1, len(true) + len(found))


def _attributes(item: Item) -> list[list[str]]:
    return [[*map(str, features)] for features in item.token_features]


if __name__ == "__main__":
    sys.exit(main())
