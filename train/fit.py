"""A whole run: corpus -> tables, DC -> joint networks -> lambda -> measured checkpoint; stops and resumes at epoch ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from polyparse.encode import Vectorizer
from polyparse.errors import ConfigError
from polyparse.frame import Utterance
from polyparse.pipeline import Pipeline
from polyparse.routing import Routing
from polyparse.text import tokenise
from train.classifier import fit_classifier
from train.embeddings import starting_vectors
from train.evaluation import measure, parse_all
from train.loop import Trainer, train_epochs
from train.networks import TorchNetworks
from train.start import adopt_tables
from train.swap import SlotSwap
from train.task import TextTables, build_targets, build_task, collect_labels, of_domain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.labels import Labels
    from polyparse.vocab import Vocabulary
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.corpora.example import Example
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress
    from train.task import Task

JOINT_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)  # lambdas that dev chooses from; ties go to the first


def fit(
    checkpoint: Checkpoint,
    config: RunConfig,
    train: Sequence[Example],
    dev: Sequence[Example],
    progress: Progress,
    *,
    start: Checkpoint | None = None,
) -> dict[str, Any]:
    """Train what the checkpoint still lacks, from fresh weights or from `start`'s; returns the model's dev measures."""
    labels = collect_labels(train, config.scheme)
    _check_topology(config, labels)
    _save_labels(checkpoint, labels)
    checkpoint.save_dev(dev)
    if start is not None and not checkpoint.has_tables:
        adopt_tables(checkpoint, start, labels)
    if not checkpoint.has_tables:
        _prepare(checkpoint, config, labels, train, progress)
    tables, vectors = checkpoint.tables(), checkpoint.word_vectors()
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    for index, own in enumerate(checkpoint.network_labels()):
        if checkpoint.load_torch(f"network-{index}") is None:
            inside = (train, dev)
            if config.topology == "per-domain":
                inside = (of_domain(train, own), of_domain(dev, own))
            trainer = Trainer(build_task(*inside, own, vectorizer), tables, config, vectors)
            if config.swap.utterances:
                trainer.redraw = _swapping(trainer.task, inside[0], config, vectorizer)
            if start is not None:
                trainer.start_from(start, index)
            _fit_network(checkpoint, index, trainer, progress)
    return _choose_routing(checkpoint, config, labels, vectorizer, dev)


def _check_topology(config: RunConfig, labels: Labels) -> None:
    if config.topology == "per-domain" and not labels.domains:
        raise ConfigError("topology: found per-domain for a corpus without domains, expected shared")


def _save_labels(checkpoint: Checkpoint, labels: Labels) -> None:
    """Write the labels of a new run; those of a resumed one have to be the same."""
    if checkpoint.has_labels and checkpoint.labels() != labels:
        raise ConfigError(
            f"{checkpoint.folder}: found other labels in the corpus than in the checkpoint, expected the same corpus"
        )
    checkpoint.save_json("labels", labels)


def _prepare(
    checkpoint: Checkpoint, config: RunConfig, labels: Labels, train: Sequence[Example], progress: Progress
) -> None:
    """What all networks share: where their word tables start, DC, and the text tables, which say that all is there."""
    tables = TextTables.build(train, config)
    if checkpoint.word_vectors() is None:
        _start_words(checkpoint, config.joint.embedder, tables.vocabulary, train, progress)
    model, tables = fit_classifier(train, labels, tables, config.classifier, progress)
    if model is not None:
        checkpoint.save_classifier(model)
    checkpoint.save_tables(tables)


def _start_words(
    checkpoint: Checkpoint,
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    train: Sequence[Example],
    progress: Progress,
) -> None:
    """Keep the vectors that word tables start from, where they do not start at random; say how many words have one."""
    sentences = ([token.text for token in tokenise(example.text)] for example in train)
    vectors = starting_vectors(config, vocabulary, sentences, progress)
    if vectors is None:
        return
    checkpoint.save_word_vectors(vectors)
    covered, words = len(vectors.rows_N), len(vocabulary.words)
    checkpoint.log({"word_vectors": config.word_vectors, "covered": covered, "words": words})
    share = covered / max(1, words)
    progress.say(f"word vectors ({config.word_vectors}): {covered} of {words} words covered, {share:.1%}")


def _swapping(
    task: Task, train: Sequence[Example], config: RunConfig, vectorizer: Vectorizer
) -> Callable[[int], Task]:
    """The task of an epoch, with slot values swapped anew."""
    swap = SlotSwap(train, config.swap)

    def redraw(seed: int) -> Task:
        items, targets = build_targets(swap.draw(train, seed), task.labels, vectorizer)
        return replace(task, train=items, targets=targets)

    return redraw


def _fit_network(checkpoint: Checkpoint, index: int, trainer: Trainer, progress: Progress) -> None:
    saved = checkpoint.load_torch(f"training-{index}")
    if saved is not None:
        trainer.restore(saved)
    else:
        checkpoint.save_torch(f"training-{index}", trainer.state())
    name = trainer.task.labels.domains[0] if len(trainer.task.labels.domains) == 1 else "all"
    if not trainer.finished:
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
        found.append((measures["mean"]["exact_match"] or 0.0, routing, measures))
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
