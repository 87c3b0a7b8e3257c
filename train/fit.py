"""A whole run: corpus -> tables -> DC -> joint networks -> lambda -> measured checkpoint. Stops and resumes at epoch ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.encode import Vectorizer
from polyparse.features import FeatureTable
from polyparse.frame import Utterance
from polyparse.pipeline import Pipeline
from polyparse.routing import Routing
from train.evaluation import measure, parse_all
from train.loop import Trainer, train_epochs
from train.models import maxent
from train.networks import TorchNetworks
from train.task import TextTables, build_task, collect_labels, of_domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from polyparse.labels import Labels
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.corpora.example import Example
    from train.models.maxent import MaxEnt, MaxEntConfig
    from train.progress import Progress

    Integers = NDArray[np.int64]

JOINT_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)  # lambdas that dev chooses from; ties go to the first


def fit(
    checkpoint: Checkpoint,
    config: RunConfig,
    train: Sequence[Example],
    dev: Sequence[Example],
    progress: Progress,
) -> dict[str, Any]:
    """Train what the checkpoint still lacks; returns the dev measures of the finished model."""
    labels = collect_labels(train, config.scheme)
    checkpoint.save_json("labels", labels)
    checkpoint.save_dev(dev)
    if not (checkpoint.folder / "vocabulary.json").exists():
        _fit_classifier(checkpoint, config, labels, train, progress)
    tables = checkpoint.tables()
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    for index, own in enumerate(checkpoint.network_labels()):
        if checkpoint.load_torch(f"network-{index}") is None:
            inside = (train, dev)
            if config.topology == "per-domain":
                inside = (of_domain(train, own.domains[0]), of_domain(dev, own.domains[0]))
            trainer = Trainer(build_task(*inside, own, vectorizer), tables, config)
            _fit_network(checkpoint, index, trainer, progress)
    return _choose_routing(checkpoint, config, labels, vectorizer, dev)


def _fit_classifier(
    checkpoint: Checkpoint, config: RunConfig, labels: Labels, train: Sequence[Example], progress: Progress
) -> None:
    """Text tables, and DC over the features that prove heavy; the vocabulary is written last."""
    tables = TextTables.build(train, config)
    over_domains = config.classifier is not None and config.classifier.classes == "domains"
    wanted = labels.domains if over_domains else labels.intents
    if config.classifier is None or tables.features is None or not wanted:
        checkpoint.save_tables(replace(tables, features=None))
        return
    task = build_task(train, [], labels, Vectorizer(tables.vocabulary, tables.features))
    intents_B = np.array([target.intent for target in task.targets])
    classes_B = np.array(labels.intent_domains)[intents_B] if over_domains else intents_B
    model, kept = _fit_pruned(
        [item.features for item in task.train], classes_B, len(wanted), config.classifier, progress
    )
    checkpoint.save_classifier(model)
    checkpoint.save_tables(replace(tables, features=FeatureTable(tables.features.hashes[kept - 1])))


def _fit_pruned(
    features: Sequence[Sequence[int]],
    classes_B: Integers,
    n_classes: int,
    config: MaxEntConfig,
    progress: Progress,
) -> tuple[MaxEnt, Integers]:
    """A MaxEnt over the `kept_features` heaviest features, trained anew on those; and which rows they were."""
    n_rows = 1 + max(max(rows, default=0) for rows in features)
    with progress.stage("domain classifier, all features", config.max_iterations) as step:
        model = maxent.fit(
            features, classes_B, n_rows=n_rows, n_classes=n_classes, config=config, on_iteration=step
        )
    kept = maxent.heaviest_rows(model, config.kept_features)
    if len(kept) == n_rows - 1:
        return model, kept
    new_row = {row: position for position, row in enumerate(kept.tolist(), start=1)}
    pruned = [[new_row[row] for row in rows if row in new_row] for rows in features]
    with progress.stage("domain classifier, heaviest features", config.max_iterations) as step:
        model = maxent.fit(
            pruned, classes_B, n_rows=len(kept) + 1, n_classes=n_classes, config=config, on_iteration=step
        )
    return model, kept


def _fit_network(checkpoint: Checkpoint, index: int, trainer: Trainer, progress: Progress) -> None:
    saved = checkpoint.load_torch(f"training-{index}")
    if saved is not None:
        trainer.restore(saved)
    else:
        checkpoint.save_torch(f"training-{index}", trainer.state())
    name = trainer.task.labels.domains[0] if len(trainer.task.labels.domains) == 1 else "all"
    progress.open_epoch(name, trainer.epoch + 1, trainer.config.optim.epochs)
    for epoch in train_epochs(trainer, on_step=progress.step):
        checkpoint.save_torch(f"training-{index}", trainer.state())
        line = {
            "network": name,
            "epoch": epoch.number,
            "intent_loss": round(epoch.intent_loss, 4),
            "slot_loss": round(epoch.slot_loss, 4),
            "dev": epoch.dev,
            "best": epoch.best,
            "seconds": round(epoch.seconds, 1),
        }
        checkpoint.log(line)
        progress.close_epoch(line)
        if not trainer.finished:
            progress.open_epoch(name, epoch.number + 1, trainer.config.optim.epochs)
    checkpoint.save_torch(f"network-{index}", trainer.best_weights)


def _choose_routing(
    checkpoint: Checkpoint, config: RunConfig, labels: Labels, vectorizer: Vectorizer, dev: Sequence[Example]
) -> dict[str, Any]:
    """Choose lambda by exact match on dev where it is open; save routing and measures."""
    networks = TorchNetworks(checkpoint.networks(), checkpoint.classifier())
    items = [vectorizer.item(Utterance(example.text, example.locale)) for example in dev]
    usable = [row for row, item in enumerate(items) if item.n_tokens]
    found: list[tuple[float, Routing, dict[str, Any]]] = []
    for routing in _routings(checkpoint, config):
        pipeline = Pipeline(labels, config.topology, routing, networks)
        measures = measure([dev[row] for row in usable], parse_all(pipeline, [items[row] for row in usable]))
        checkpoint.log({"joint_weight": routing.joint_weight, "dev": measures["mean"]})
        found.append((measures["mean"]["exact_match"], routing, measures))
    _, routing, measures = max(found, key=lambda entry: entry[0])  # of equal ones, the first
    checkpoint.save_json("routing", routing)
    checkpoint.save_json("measures", measures)
    return measures


def _routings(checkpoint: Checkpoint, config: RunConfig) -> list[Routing]:
    """The routings that dev chooses from."""
    if checkpoint.classifier() is None or config.classifier is None:
        return [Routing(kind="soft", joint_weight=1.0, classifier="none")]
    open_choice = config.routing == "soft" and config.joint_weight is None
    weights = JOINT_WEIGHTS if open_choice else (1.0 if config.joint_weight is None else config.joint_weight,)
    return [Routing(config.routing, weight, config.classifier.classes) for weight in weights]
