"""A whole run: text tables and DC, joint networks, routing, dev measures. A stopped run resumes at the last epoch's end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.corpora.augmentation.code_switching import CodeSwitching
from polyparse.errors import ConfigError
from polyparse.inference.parser import Parser
from polyparse.inference.pipeline import Pipeline
from train.compute import CPU
from train.data.other_words import in_other_words
from train.data.stream import StreamedCorpus
from train.data.task import TextTables, check_labels, collect_labels, of_domain
from train.embeddings import starting_vectors
from train.finished import networks_of
from train.models.torch_networks import TorchNetworks
from train.postprocessing.routing import choose_intent_bias, choose_routing, routings
from train.ranks import Ranks
from train.start import labels_of, vocabulary_of
from train.stopwatch import Stopwatch
from train.training import languages, other_tasks, outside_words, streaming, token_crf
from train.training.classifier import fit_classifier
from train.training.initialisation import check_start, copy_tables, finished_run
from train.training.joint_network import fit_joint_network
from train.training.other_tasks import Text
from train.training.precision import say_precision
from train.training.run import NO_PARENTS, Parents, RunContext, Texts
from train.training.switching import dictionaries
from train.values.outside import check_packages

if TYPE_CHECKING:
    import torch

    from polyparse.contract.labels import Labels
    from polyparse.inference.routing import Routing
    from polyparse.text.vocabulary import Vocabulary
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.embeddings import PretrainedVectors
    from train.models.embedder import EmbedderConfig
    from train.progress import Progress
    from train.training.run import OtherTask


def fit(
    checkpoint: Checkpoint,
    config: RunConfig,
    texts: Texts,
    progress: Progress,
    parents: Parents = NO_PARENTS,
    device: torch.device = CPU,
) -> dict[str, Any]:
    """Train what the checkpoint does not have yet; returns the model's dev measures.

    Text tables and domain classifier are trained, or copied from `parents.start`. Networks are trained on `device`. Where
    the run has several processes, they train networks together, and the first one does everything else. The checkpoints of
    `texts.others` are finished with the run's own.
    """
    texts = texts.read_by(config)
    switched = dictionaries(config, texts)
    run = RunContext(checkpoint, config, progress, parents, device, texts.others, texts.unlabelled, switched)
    ranks = Ranks.here()
    _check_ranks(run, ranks)
    other_tasks.check(run)
    languages.check(run)
    outside_words.check(run)
    check_packages(config.swap, "swap")
    if parents.teachers:
        check_packages(config.distil.swap, "distil.swap")
    if not isinstance(texts.train, StreamedCorpus):
        texts.tokenised.add(example.text for example in (*texts.train, *texts.dev, *texts.unlabelled))
    ranks.of_first(lambda: _begin(run, texts))
    if isinstance(texts.train, StreamedCorpus):
        texts = replace(texts, dev=checkpoint.dev())
    if config.token_crf is None:
        _fit_joint_networks(run, texts)
    else:
        token_crf.learn(run, config.token_crf, texts)
    for other in texts.others if config.sharing.keeps_others else ():
        _finish_other(run, other)
    measures = ranks.of_first(lambda: _finish(checkpoint, config, texts))
    if isinstance(texts.train, StreamedCorpus) and ranks.is_first:
        texts.train.index_file.unlink(missing_ok=True)  # of no use to a finished run
    return measures


def _check_ranks(run: RunContext, ranks: Ranks) -> None:
    """Refuse what several processes cannot share out, or would do alike."""
    alone = {
        "token_crf": run.config.token_crf is not None,
        "masked_words.epochs": run.config.masked_words.epochs > 0,
        "folds": run.config.folds > 0,
        "--also": bool(run.others),
        "languages": run.config.languages is not None,
    }
    for key, is_asked in alone.items():
        if is_asked and ranks.size > 1:
            raise ConfigError(
                f"{key}: found it in a run of {ranks.size} processes, expected one process, or none of it"
            )


def _begin(run: RunContext, texts: Texts) -> None:
    """Write labels, dev, text tables and domain classifier, if they are not there yet."""
    checkpoint, config, parents = run.checkpoint, run.config, run.parents
    if isinstance(texts.train, StreamedCorpus):
        streaming.begin(run, texts.train)
        return
    if config.token_crf is not None:
        token_crf.check(run)
    check_start(config, parents.start)
    labels = _labels(config, texts, parents)
    check_labels(labels, config)
    _save_labels(checkpoint, labels)
    checkpoint.save("dev", texts.dev)
    if parents.teachers and config.optim.padded:
        raise ConfigError(
            "optim.padded: found true with --teacher, expected false: soft targets are not padded"
        )
    if parents.start is not None and not config.init and not checkpoint.has_tables:
        copy_tables(checkpoint, finished_run(parents.start), labels)
    if not checkpoint.has_tables:
        _prepare(run, labels, texts)


def _fit_joint_networks(run: RunContext, texts: Texts) -> None:
    """Train the joint networks that are not there yet."""
    checkpoint, tables = run.checkpoint, run.checkpoint.tables()
    say_precision(run)
    text = Text(
        tables, tables.vectorizer(texts.tokenised), checkpoint.word_vectors(), checkpoint.outside_vectors()
    )
    for index, labels in enumerate(checkpoint.network_labels()):
        if checkpoint.find(f"network-{index}") is None:
            train, dev = texts.train, texts.dev
            if run.config.topology == "per-domain":
                train, dev = of_domain(train, labels), of_domain(dev, labels)
            fit_joint_network(run, index, labels, text, train, dev)


def _labels(config: RunConfig, texts: Texts, parents: Parents) -> Labels:
    """Those of what is learnt, or those of the start where the run does not expand them."""
    if config.expands_labels or parents.start is None:
        return collect_labels(texts.labelled, config.scheme)
    labels = labels_of(parents.start)
    if labels.scheme != config.scheme:
        raise ConfigError(
            f"scheme: found {config.scheme} without expands_labels, expected the start's {labels.scheme}"
        )
    return labels


def _save_labels(checkpoint: Checkpoint, labels: Labels) -> None:
    """Write the labels of a new run; those of a resumed run must not have changed."""
    if checkpoint.has_labels and checkpoint.labels() != labels:
        raise ConfigError(
            f"{checkpoint.folder}: found other labels in the corpus than in the checkpoint, expected the same corpus"
        )
    checkpoint.save("labels", labels)


def _prepare(run: RunContext, labels: Labels, texts: Texts) -> None:
    """Make what all networks share: initial word vectors, DC and text tables, which are saved last and mean that all exist.

    If the config has romanised Hindi, everyday words, numbers in digits or words in other languages, utterances with these
    are added to the corpus here, because their words are others. Words of other tasks, where these are shared, and of
    unlabelled text belong to the vocabulary too.
    """
    checkpoint, config, progress, *_ = run
    started = Stopwatch()
    train = CodeSwitching(run.dictionaries, config.switch).extended(in_other_words(texts.train, config))
    translations = texts.translations
    read = [*train, *texts.unlabelled]
    texts.tokenised.add(example.text for example in (*train, *translations))
    words_of = texts.tokenised.words
    tables = TextTables.build(train, config, words_of)
    if texts.unlabelled:
        tables = replace(tables, vocabulary=TextTables.build(read, config, words_of).vocabulary)
    if run.others:
        everything = [*train, *(example for other in run.others for example in other.texts.train)]
        texts.tokenised.add(example.text for example in everything)
        of_all = TextTables.build(everything, config, words_of).vocabulary
        tables = replace(tables, vocabulary=other_tasks.vocabulary_of(train, of_all, config, words_of))
    if config.keeps_words and (start := run.parents.start) is not None:
        tables = replace(tables, vocabulary=vocabulary_of(start).joined(tables.vocabulary))
    if checkpoint.word_vectors() is None:
        vectors = starting_vectors(
            config.joint.embedder, tables.vocabulary, read, progress, translations, words_of
        )
        _save_word_vectors(checkpoint, config.joint.embedder, tables.vocabulary, vectors, progress)
    tables = outside_words.with_outside_words(run, tables, read, texts)
    model, tables = fit_classifier(replace(texts, train=train), labels, tables, config.classifier, progress)
    if model is not None:
        checkpoint.save("classifier", model)
    checkpoint.log({"stage": "text tables and domain classifier", **started.read()})
    checkpoint.save_tables(tables)


def _finish_other(run: RunContext, other: OtherTask) -> None:
    """Give the checkpoint of another task what its network needs to be a model: its own DC, routing and measures."""
    checkpoint, config, texts = other.checkpoint, run.config, other.texts
    texts.tokenised.add(example.text for example in (*texts.train, *texts.dev))
    tables = TextTables.build(texts.train, config, texts.tokenised.words)
    of_all, words_of = run.checkpoint.tables().vocabulary, texts.tokenised.words
    tables = replace(tables, vocabulary=other_tasks.vocabulary_of(texts.train, of_all, config, words_of))
    model, tables = fit_classifier(texts, checkpoint.labels(), tables, config.classifier, run.progress)
    if model is not None:
        checkpoint.save("classifier", model)
    checkpoint.save_tables(tables)
    _finish(checkpoint, config, texts)


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
    checkpoint.save("word_vectors", vectors)
    covered, words = len(vectors.rows_N), len(vocabulary.words)
    checkpoint.log({"word_vectors": config.word_vectors, "covered": covered, "words": words})
    share = covered / max(1, words)
    progress.say(f"word vectors ({config.word_vectors}): {covered} of {words} words covered, {share:.1%}")


def _finish(checkpoint: Checkpoint, config: RunConfig, texts: Texts) -> dict[str, Any]:
    """Choose lambda and, if the config has `intent_bias`, the biases of intents on dev; save routing and measures."""
    labels, dev = checkpoint.labels(), texts.dev
    vectorizer = checkpoint.tables().vectorizer(texts.tokenised)
    checkpoint.delete("intent_bias")
    models = networks_of(checkpoint)
    networks = TorchNetworks(models, checkpoint.classifier())

    def parser(routing: Routing) -> Parser:
        return Parser(vectorizer, Pipeline(labels, config.topology, routing, networks))

    items = [vectorizer.item(example.utterance) for example in dev]
    candidates = routings(config, with_classifier=checkpoint.classifier() is not None)
    routing, measures = choose_routing(
        parser, candidates, dev, items, log=checkpoint.log, select=config.select
    )
    if config.intent_bias is not None and routing.joint_weight < 1.0:
        bias_I, accuracies = choose_intent_bias(parser(routing), dev, items, penalty=config.intent_bias)
        checkpoint.save("intent_bias", (bias_I / (1.0 - routing.joint_weight)).astype(np.float32))
        checkpoint.log({"intent_bias": accuracies})
        networks = TorchNetworks(models, checkpoint.classifier())
        _, measures = choose_routing(parser, [routing], dev, items, log=checkpoint.log)
    checkpoint.save("routing", routing)
    checkpoint.save("measures", measures)
    return measures
