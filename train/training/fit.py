"""A whole run: text tables and DC, joint networks, routing, dev measures. A stopped run resumes at the last epoch's end."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from polyparse.corpora.augmentation.slot_swap import SlotSwap
from polyparse.corpora.noise import Noiser, with_romanised
from polyparse.errors import ConfigError
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer
from train.data.task import TextTables, build_targets, build_task, collect_labels, of_domain
from train.embeddings import starting_vectors
from train.ensemble import Ensemble
from train.models.torch_networks import TorchNetworks
from train.objectives import masked_words
from train.objectives.distillation import Distillation, TeacherEnsemble
from train.postprocessing.routing import choose_intent_bias, choose_routing, routings
from train.stopwatch import Stopwatch
from train.training.classifier import fit_classifier
from train.training.initialisation import copy_tables
from train.training.loop import Trainer, train_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.data.task import Task
    from train.embeddings import PretrainedVectors
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress


class Texts(NamedTuple):
    """Training and dev utterances; `translations` of the former into other locales than the model's help to align words."""

    train: Sequence[Example]
    dev: Sequence[Example]
    translations: Sequence[Example] = ()


class Parents(NamedTuple):
    """Finished runs that a run depends on: the one whose weights it starts from, and those that teach it."""

    start: Checkpoint | None = None
    teachers: Sequence[Checkpoint] = ()


NO_PARENTS = Parents()


def fit(
    checkpoint: Checkpoint, config: RunConfig, texts: Texts, progress: Progress, parents: Parents = NO_PARENTS
) -> dict[str, Any]:
    """Train what the checkpoint does not have yet; returns the model's dev measures.

    Text tables and domain classifier are trained, or copied from `parents.start`.
    """
    train, dev, _ = texts
    labels = collect_labels(train, config.scheme)
    _check_topology(config, labels)
    _save_labels(checkpoint, labels)
    checkpoint.save_dev(dev)
    if parents.start is not None and not checkpoint.has_tables:
        copy_tables(checkpoint, parents.start, labels)
    if not checkpoint.has_tables:
        _prepare(checkpoint, config, labels, texts, progress)
    tables, vectors = checkpoint.tables(), checkpoint.word_vectors()
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    for index, network_labels in enumerate(checkpoint.network_labels()):
        if checkpoint.load_torch(f"network-{index}") is None:
            partitions = (train, dev)
            if config.topology == "per-domain":
                partitions = (of_domain(train, network_labels), of_domain(dev, network_labels))
            trainer = Trainer(build_task(*partitions, network_labels, vectorizer), tables, config, vectors)
            trainer.task_of_epoch = _task_of_epoch(
                checkpoint, trainer.task, partitions, config, vectorizer, parents.teachers
            )
            if parents.start is not None:
                trainer.start_from(parents.start, index)
            elif config.masked_words.epochs and checkpoint.load_torch(f"training-{index}") is None:
                _train_masked_words(checkpoint, trainer, progress)
            _fit_network(checkpoint, index, trainer, progress)
    return _finish(checkpoint, config, labels, vectorizer, dev)


def _check_topology(config: RunConfig, labels: Labels) -> None:
    if config.topology == "per-domain" and not labels.domains:
        raise ConfigError("topology: found per-domain for a corpus without domains, expected shared")


def _save_labels(checkpoint: Checkpoint, labels: Labels) -> None:
    """Write the labels of a new run; those of a resumed run must not have changed."""
    if checkpoint.has_labels and checkpoint.labels() != labels:
        raise ConfigError(
            f"{checkpoint.folder}: found other labels in the corpus than in the checkpoint, expected the same corpus"
        )
    checkpoint.save_json("labels", labels)


def _prepare(
    checkpoint: Checkpoint, config: RunConfig, labels: Labels, texts: Texts, progress: Progress
) -> None:
    """Make what all networks share: initial word vectors, DC and text tables, which are saved last and mean that all exist.

    If the noise of the config has romanised Hindi, romanised utterances are added to the corpus here, because their words
    are others.
    """
    started = Stopwatch()
    train, translations = with_romanised(texts.train, config.noise), texts.translations
    tables = TextTables.build(train, config)
    if checkpoint.word_vectors() is None:
        vectors = starting_vectors(config.joint.embedder, tables.vocabulary, train, progress, translations)
        _save_word_vectors(checkpoint, config.joint.embedder, tables.vocabulary, vectors, progress)
    model, tables = fit_classifier(train, labels, tables, config.classifier, progress, translations)
    if model is not None:
        checkpoint.save_classifier(model)
    checkpoint.log({"stage": "text tables and domain classifier", **started.read()})
    checkpoint.save_tables(tables)


def _save_word_vectors(
    checkpoint: Checkpoint,
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    vectors: PretrainedVectors | None,
    progress: Progress,
) -> None:
    """Save the initial word vectors, unless they are random (None); report how many words have one."""
    if vectors is None:
        return
    checkpoint.save_word_vectors(vectors)
    covered, words = len(vectors.rows_N), len(vocabulary.words)
    checkpoint.log({"word_vectors": config.word_vectors, "covered": covered, "words": words})
    share = covered / max(1, words)
    progress.say(f"word vectors ({config.word_vectors}): {covered} of {words} words covered, {share:.1%}")


def _task_of_epoch(
    checkpoint: Checkpoint,
    task: Task,
    partitions: tuple[Sequence[Example], Sequence[Example]],
    config: RunConfig,
    vectorizer: Vectorizer,
    teachers: Sequence[Checkpoint],
) -> Callable[[int, int], Task]:
    """A function (epoch, seed) -> task: with soft targets if there are teachers, else augmented as the config has it.

    Logs the measures of the teachers on dev.
    """
    train, dev = partitions
    if teachers:
        started = Stopwatch()
        teacher_ensemble = _teacher_ensemble(Ensemble(teachers), config, dev)
        distillation = Distillation(
            task, train, config.distil, teacher_ensemble, vectorizer, Noiser(train, config.noise)
        )
        measured = {"joint_weight": teacher_ensemble.routing.joint_weight, "dev": teacher_ensemble.measures}
        checkpoint.log({"teachers": len(teachers), **measured, **started.read()})
        return distillation.draw
    if not config.swap.utterances and not config.noise.is_on:
        return lambda _epoch, _seed: task
    swap, noiser = SlotSwap(train, config.swap), Noiser(train, config.noise)

    def augmented(_epoch: int, seed: int) -> Task:
        items, targets = build_targets(noiser.draw(swap.draw(train, seed), seed), task.labels, vectorizer)
        return replace(task, train=items, targets=targets)

    return augmented


def _teacher_ensemble(ensemble: Ensemble, config: RunConfig, dev: Sequence[Example]) -> TeacherEnsemble:
    """The teachers with their routing and their measures on dev."""
    routing = Routing(kind="soft", joint_weight=1.0, classifier_classes="none")
    if ensemble.classifier is not None:
        routing = Routing("soft", config.distil.joint_weight, "intents")
    items = [ensemble.vectorizer.item(example.utterance) for example in dev]
    _, measures = choose_routing(ensemble.parser, [routing], dev, items)
    return TeacherEnsemble(ensemble, routing, measures["mean"], precision=config.optim.precision)


def _train_masked_words(checkpoint: Checkpoint, trainer: Trainer, progress: Progress) -> None:
    """Train the network on masked words, before it learns labels; the averaged weights start from the result."""
    started, epochs = Stopwatch(), trainer.config.masked_words.epochs
    with progress.stage("masked words", epochs) as step:
        result = masked_words.learn(trainer.network, trainer.task.train, trainer.config, on_epoch=step)
    trainer.average.module.load_state_dict(trainer.network.state_dict())
    progress.say(f"masked words: loss {result.loss:.3f}, right {result.right:.3f}")
    checkpoint.log({"masked_words": epochs, **asdict(result), **started.read()})


def _fit_network(checkpoint: Checkpoint, index: int, trainer: Trainer, progress: Progress) -> None:
    saved = checkpoint.load_torch(f"training-{index}")
    if saved is not None:
        trainer.restore(saved, where=f"{checkpoint.folder}/training-{index}.pt")
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
            **epoch.time,
        }
        checkpoint.log(line)
        progress.close_epoch(line)
        if not trainer.finished:
            progress.open_epoch(name, epoch.number + 1, trainer.config.optim.epochs)
    checkpoint.save_torch(f"network-{index}", trainer.final_weights())


def _finish(
    checkpoint: Checkpoint, config: RunConfig, labels: Labels, vectorizer: Vectorizer, dev: Sequence[Example]
) -> dict[str, Any]:
    """Choose lambda and, if the config has `intent_bias`, the biases of intents on dev; save routing and measures."""
    checkpoint.delete_intent_bias()
    models = checkpoint.networks()
    networks = TorchNetworks(models, checkpoint.classifier())

    def parser(routing: Routing) -> Parser:
        return Parser(vectorizer, Pipeline(labels, config.topology, routing, networks))

    items = [vectorizer.item(example.utterance) for example in dev]
    candidates = routings(config, with_classifier=checkpoint.classifier() is not None)
    routing, measures = choose_routing(parser, candidates, dev, items, log=checkpoint.log)
    if config.intent_bias is not None and routing.joint_weight < 1.0:
        bias_I, accuracies = choose_intent_bias(parser(routing), dev, items, penalty=config.intent_bias)
        checkpoint.save_intent_bias((bias_I / (1.0 - routing.joint_weight)).astype(np.float32))
        checkpoint.log({"intent_bias": accuracies})
        networks = TorchNetworks(models, checkpoint.classifier())
        _, measures = choose_routing(parser, [routing], dev, items, log=checkpoint.log)
    checkpoint.save_json("routing", routing)
    checkpoint.save_json("measures", measures)
    return measures
