"""Checkpoints of the test corpus, one trained and right about it, others of any config and random; and how to export one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from model_export.bundle.request import Request
from model_export.bundle.write import write_bundle
from polyparse.inference.routing import Routing
from tests.train import corpus
from train.checkpoint import Checkpoint
from train.config import OptimConfig, RunConfig
from train.data.task import TextTables, collect_labels
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig
from train.models.maxent import MaxEntConfig
from train.models.token_crf import TokenCrf
from train.network import network_of
from train.progress import Progress
from train.run_record import RunRecord
from train.training.classifier import fit_classifier
from train.training.fit import fit
from train.training.run import Texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest
    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from train.network import AnyNetwork

CONFIG = RunConfig(
    recipe="tiny",
    classifier=MaxEntConfig(min_feature_count=1, l2=1e-4),
    joint=JointConfig(
        embedder=EmbedderConfig(
            word_size=16,
            character_size=4,
            character_filters=2,
            word_dropout=0.0,
            min_word_count=1,
            min_character_count=1,
        ),
        encoder=EncoderConfig(kind="linear", hidden_size=16, layers=1, dropout=0.0),
        mlp_size=16,
        embedding_dropout=0.0,
        mlp_dropout=0.0,
    ),
    optim=OptimConfig(learning_rate=0.03, batch_size=8, epochs=15, patience=15, average_decay=0.5),
)
"""Each word of the corpus has one tag, so that the encoder without context learns it soonest."""

SMALL = Request("tiny", "1")


def trained(folder: Path, config: RunConfig = CONFIG) -> Checkpoint:
    """A finished run; the dev utterances are among those that it has learnt."""
    checkpoint = started(folder, config)
    train = corpus.examples("train") + corpus.examples("dev")
    fit(checkpoint, config, Texts(train, corpus.examples("dev")), Progress(quiet=True))
    return checkpoint


def untrained(
    folder: Path,
    config: RunConfig,
    *,
    train: Sequence[Example] | None = None,
    dev: Sequence[Example] | None = None,
) -> Checkpoint:
    """What a run of this config would leave, but for its networks, which are random."""
    train = corpus.examples("train") if train is None else train
    labels = collect_labels(train, config.scheme)
    classifier = config.classifier and replace(config.classifier, max_iterations=2)
    model, tables = fit_classifier(
        Texts(train, []), labels, TextTables.build(train, config), classifier, Progress(quiet=True)
    )
    checkpoint = started(folder, config)
    checkpoint.save("labels", labels)
    checkpoint.save("dev", corpus.examples("dev") if dev is None else dev)
    if model is not None:
        checkpoint.save("classifier", model)
    checkpoint.save_tables(tables)
    for index, local in enumerate(checkpoint.network_labels()):
        checkpoint.save(f"network-{index}", random_network(local, tables, config).state_dict())
    classes = config.classifier.classes if config.classifier and model is not None else "none"
    checkpoint.save("routing", Routing(config.routing, 0.5 if model is not None else 1.0, classes))
    checkpoint.save("measures", {})
    return checkpoint


def export(checkpoint: Checkpoint, out: Path, **changes: object) -> Manifest:
    """Write the bundle of SMALL, changed where it says so; nobody listens."""
    request = replace(SMALL, **changes)  # type: ignore[arg-type]  # of its fields
    return write_bundle(checkpoint, out, request, say=lambda _note: None)


def started(folder: Path, config: RunConfig) -> Checkpoint:
    """A folder that says what is to be run."""
    folder.mkdir(parents=True)
    checkpoint = Checkpoint(folder)
    run = RunRecord(
        config=config,
        corpus="massive:corpus",
        locales=corpus.LOCALES,
        git_commit="0" * 40,
        libraries={"torch": torch.__version__},
        created="2026-01-01T00:00:00+00:00",
    )
    checkpoint.save("run", run)
    return checkpoint


def random_network(labels: Labels, tables: TextTables, config: RunConfig) -> AnyNetwork:
    """What would start at zero is random too: transitions, and the weights of features."""
    torch.manual_seed(config.seed)
    network = network_of(labels, tables, config)
    with torch.no_grad():
        if isinstance(network, TokenCrf):
            network.weights_FK[1:].normal_()
        for parameter in network.head.parameters():
            parameter.normal_()
    return network
