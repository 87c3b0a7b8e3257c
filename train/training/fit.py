"""A whole run: corpus -> tables, DC -> joint networks -> lambda -> measured checkpoint; stops and resumes at epoch ends."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from polyparse.corpora.augmentation.slot_swap import SlotSwap
from polyparse.corpora.noise import Noiser, with_romanised
from polyparse.errors import ConfigError
from polyparse.inference.pipeline import Pipeline
from polyparse.inference.routing import Routing
from polyparse.text.vectorizer import Vectorizer
from train.data.task import TextTables, build_targets, build_task, collect_labels, of_domain
from train.embeddings import starting_vectors
from train.ensemble import Ensemble
from train.models.torch_networks import TorchNetworks
from train.objectives import masked_words
from train.objectives.distillation import Distillation, Teachers
from train.postprocessing.routing import bias_of_dev, choose_routing, routings
from train.stopwatch import Stopwatch
from train.training.classifier import fit_classifier
from train.training.initialisation import adopt_tables
from train.training.loop import Trainer, train_epochs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.data.task import Task
    from train.embeddings import WordVectors
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress


class Texts(NamedTuple):
    """Training and dev utterances; the former's translations into locales that the model is not for help to align words."""

    train: Sequence[Example]
    dev: Sequence[Example]
    translations: Sequence[Example] = ()


class Elders(NamedTuple):
    """Finished runs that a run builds on: the one whose weights it starts from, and those that it learns from."""

    start: Checkpoint | None = None
    teachers: Sequence[Checkpoint] = ()


NO_ELDERS = Elders()


def fit(
    checkpoint: Checkpoint,
    config: RunConfig,
    texts: Texts,
    progress: Progress,
    elders: Elders = NO_ELDERS,
) -> dict[str, Any]:
    """Train what the checkpoint still lacks; returns the model's dev measures.

    Text tables and domain classifier are made anew or taken over from `elders.start`.
    """
    train, dev, _ = texts
    labels = collect_labels(train, config.scheme)
    _check_topology(config, labels)
    _save_labels(checkpoint, labels)
    checkpoint.save_dev(dev)
    if elders.start is not None and not checkpoint.has_tables:
        adopt_tables(checkpoint, elders.start, labels)
    if not checkpoint.has_tables:
        _prepare(checkpoint, config, labels, texts, progress)
    tables, vectors = checkpoint.tables(), checkpoint.word_vectors()
    foreign = _foreign(texts.translations, tables, config)
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    for index, own in enumerate(checkpoint.network_labels()):
        if checkpoint.load_torch(f"network-{index}") is None:
            inside = (train, dev)
            if config.topology == "per-domain":
                inside = (of_domain(train, own), of_domain(dev, own))
            trainer = Trainer(build_task(*inside, own, vectorizer), tables, config, vectors)
            trainer.redraw = _redrawing(checkpoint, trainer.task, inside, config, vectorizer, elders.teachers)
            if elders.start is not None:
                trainer.start_from(elders.start, index)
            elif config.masked_words.epochs and checkpoint.load_torch(f"training-{index}") is None:
                _learn_words(checkpoint, trainer, foreign, progress)
            _fit_network(checkpoint, index, trainer, progress)
    return _finish(checkpoint, config, labels, vectorizer, dev)


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
    checkpoint: Checkpoint,
    config: RunConfig,
    labels: Labels,
    texts: Texts,
    progress: Progress,
) -> None:
    """What all networks share: where their word tables start, DC, and the text tables, which say that all is there.

    Where Hindi in Latin letters is trained against, these see it beside the corpus: to them it is other words.
    """
    started = Stopwatch()
    train, translations = with_romanised(texts.train, config.noise), texts.translations
    tables = TextTables.build(train, config)
    if checkpoint.word_vectors() is None:
        vectors = starting_vectors(config.joint.embedder, tables.vocabulary, train, progress, translations)
        _start_words(checkpoint, config.joint.embedder, tables.vocabulary, vectors, progress)
    model, tables = fit_classifier(train, labels, tables, config.classifier, progress, translations)
    if model is not None:
        checkpoint.save_classifier(model)
    checkpoint.log({"stage": "text tables and domain classifier", **started.read()})
    checkpoint.save_tables(tables)


def _start_words(
    checkpoint: Checkpoint,
    config: EmbedderConfig,
    vocabulary: Vocabulary,
    vectors: WordVectors | None,
    progress: Progress,
) -> None:
    """Keep the vectors that word tables start from, where they do not start at random; say how many words have one."""
    if vectors is None:
        return
    checkpoint.save_word_vectors(vectors)
    covered, words = len(vectors.rows_N), len(vocabulary.words)
    checkpoint.log({"word_vectors": config.word_vectors, "covered": covered, "words": words})
    share = covered / max(1, words)
    progress.say(f"word vectors ({config.word_vectors}): {covered} of {words} words covered, {share:.1%}")


def _redrawing(
    checkpoint: Checkpoint,
    task: Task,
    parts: tuple[Sequence[Example], Sequence[Example]],
    config: RunConfig,
    vectorizer: Vectorizer,
    teachers: Sequence[Checkpoint],
) -> Callable[[int, int], Task]:
    """The task of an epoch: varied anew, or with the opinions of teachers; what those reach on dev is logged."""
    train, dev = parts
    if teachers:
        started = Stopwatch()
        voice = _voice(Ensemble(teachers), config, dev)
        found = Distillation(task, train, config.distil, voice, vectorizer, Noiser(train, config.noise))
        measured = {"joint_weight": voice.routing.joint_weight, "dev": voice.measures}
        checkpoint.log({"teachers": len(teachers), **measured, **started.read()})
        return found.draw
    if not config.swap.utterances and not config.noise.is_on:
        return lambda _epoch, _seed: task
    swap, noiser = SlotSwap(train, config.swap), Noiser(train, config.noise)

    def redraw(_epoch: int, seed: int) -> Task:
        items, targets = build_targets(noiser.draw(swap.draw(train, seed), seed), task.labels, vectorizer)
        return replace(task, train=items, targets=targets)

    return redraw


def _voice(ensemble: Ensemble, config: RunConfig, dev: Sequence[Example]) -> Teachers:
    """The teachers with their MaxEnt, and what they reach on dev."""
    routing = Routing(kind="soft", joint_weight=1.0, classifier="none")
    if ensemble.classifier is not None:
        routing = Routing("soft", config.distil.joint_weight, "intents")
    items = [ensemble.vectorizer.item(example.utterance) for example in dev]
    _, measures = choose_routing(ensemble.pipeline, [routing], dev, items)
    return Teachers(ensemble, routing, measures["mean"], precision=config.optim.precision)


def _foreign(translations: Sequence[Example], tables: TextTables, config: RunConfig) -> masked_words.Foreign:
    """What hidden words of other locales are named beside those of the training text."""
    if not config.masked_words.all_locales:
        return masked_words.NOTHING_FOREIGN
    return masked_words.Foreign.read(
        translations, tables.vocabulary, min_word_count=config.joint.embedder.min_word_count
    )


def _learn_words(
    checkpoint: Checkpoint, trainer: Trainer, foreign: masked_words.Foreign, progress: Progress
) -> None:
    """Name hidden words before labels are learnt; the averaged weights begin where that ends."""
    started, epochs = Stopwatch(), trainer.config.masked_words.epochs
    with progress.stage("masked words", epochs) as step:
        learnt = masked_words.learn(
            trainer.network, trainer.task.train, trainer.config, foreign, on_epoch=step
        )
    trainer.average.module.load_state_dict(trainer.network.state_dict())
    progress.say(f"masked words: loss {learnt.loss:.3f}, right {learnt.right:.3f}")
    checkpoint.log({"masked_words": epochs, **asdict(learnt), **started.read()})


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
    """Choose lambda where it is open, and the intents' biases where they are asked for; save routing and measures."""
    checkpoint.forget_intent_bias()
    models = checkpoint.networks()
    networks = TorchNetworks(models, checkpoint.classifier())

    def pipeline(routing: Routing) -> Pipeline:
        return Pipeline(labels, config.topology, routing, networks)

    items = [vectorizer.item(example.utterance) for example in dev]
    candidates = routings(config, with_classifier=checkpoint.classifier() is not None)
    routing, measures = choose_routing(pipeline, candidates, dev, items, log=checkpoint.log)
    if config.intent_bias is not None and routing.joint_weight < 1.0:
        bias_I, right = bias_of_dev(pipeline(routing), labels, dev, items, penalty=config.intent_bias)
        checkpoint.save_intent_bias((bias_I / (1.0 - routing.joint_weight)).astype(np.float32))
        checkpoint.log({"intent_bias": right})
        networks = TorchNetworks(models, checkpoint.classifier())
        _, measures = choose_routing(pipeline, [routing], dev, items, log=checkpoint.log)
    checkpoint.save_json("routing", routing)
    checkpoint.save_json("measures", measures)
    return measures
