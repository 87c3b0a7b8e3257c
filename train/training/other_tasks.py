"""Other tasks of a run: corpora with labels of their own, learnt at the same time by networks that share parts with its own.

Where tasks share the table of words, they know the words of all of them, else each knows those of its own text. So it is
with characters. What a run chooses (the best epoch, when to stop) it chooses by its own dev. In the end each other task is a
finished run in a folder of its own, to be exported like any other, if the run keeps them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from polyparse.errors import ConfigError
from polyparse.text.vocabulary import Vocabulary
from train.data.slot_map import mapped
from train.data.task import TextTables, build_task, collect_labels
from train.models.sharing import share
from train.objectives.supervised import Supervised
from train.training.task_of_epoch import task_of_epoch
from train.training.trainer import SideTask, build_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.text.vectorizer import Vectorizer
    from train.config import RunConfig
    from train.data.task import WordsOf
    from train.embeddings import PretrainedVectors
    from train.models.joint import JointNetwork
    from train.training.run import OtherTask, RunContext
    from train.training.trainer import Trainer


class Text(NamedTuple):
    """The tables of a network, what they make of a text, the word vectors to start from, and those that stay as they are."""

    tables: TextTables
    vectorizer: Vectorizer
    vectors: PretrainedVectors | None
    outside: PretrainedVectors | None = None


def check(run: RunContext) -> None:
    """Raise ConfigError for what a run with other tasks cannot do, or would silently leave undone."""
    config, names = run.config, [other.name for other in run.others]
    for key, known in (("weights", config.sharing.weights), ("data", config.sharing.data)):
        if unknown := sorted(known.keys() - set(names)):
            raise ConfigError(
                f"sharing.{key}: found {', '.join(unknown)}, expected some of {', '.join(names) or 'no task'}"
            )
    if not run.others:
        return
    needed: dict[str, tuple[object, object]] = {
        "--start": (run.parents.start is not None, False),
        "--teacher": (bool(run.parents.teachers), False),
        "stream.on": (config.stream.on, False),
        "topology": (config.topology, "shared"),
        "token_crf": (config.token_crf is not None, False),
        "masked_words.epochs": (config.masked_words.epochs, 0),
        "folds": (config.folds, 0),
        "distinct names": (len(set(names)) == len(names), True),
    }
    if not config.sharing.shares("embedder.words"):
        needed["joint.embedder.word_vectors"] = (config.joint.embedder.word_vectors, "random")
    if config.sharing.slot_map is not None:
        needed["slots_only"] = (config.slots_only, True)
    for key, (found, expected) in needed.items():
        if found != expected:
            raise ConfigError(f"{key}: found {found!r}, expected {expected!r} with other tasks (--also)")


def vocabulary_of(
    examples: Sequence[Example], of_all: Vocabulary, config: RunConfig, words_of: WordsOf
) -> Vocabulary:
    """That of one task among several: what is shared is of the text of all, what is not of its own examples."""
    own = TextTables.build(examples, config, words_of).vocabulary
    words = of_all.words if config.sharing.shares("embedder.words") else own.words
    characters = of_all.characters if config.sharing.shares("embedder.characters") else own.characters
    return Vocabulary(words, characters, own.case_marks)


def side_tasks(run: RunContext, labels: Labels, network: JointNetwork, text: Text) -> list[SideTask]:
    """The other tasks for the trainer of `network`, with new networks that share its parts as the config has it.

    `labels` are those of the run's own task, which the others have too where there is a slot map.
    """
    config, sides = run.config, []
    for other in run.others:
        train, dev, its_labels = _taught(other, labels, config)
        vocabulary = vocabulary_of(train, text.tables.vocabulary, config, text.vectorizer.tokenised.words)
        tables = replace(text.tables, vocabulary=vocabulary)
        vectorizer = tables.vectorizer(text.vectorizer.tokenised)
        task = build_task(train, dev, its_labels, vectorizer)
        its_network = build_network(task, tables, config, text.vectors)
        share(network, its_network, config.sharing.parts)
        tasks = task_of_epoch(run, task, train, vectorizer)
        objective = Supervised(
            its_network, tasks, batch_size=config.optim.batch_size, padded=config.optim.padded
        )
        sides.append(
            SideTask(other.name, its_network, objective, config.sharing.weights.get(other.name, 1.0))
        )
    return sides


def _taught(
    other: OtherTask, labels: Labels, config: RunConfig
) -> tuple[Sequence[Example], Sequence[Example], Labels]:
    """The training and dev utterances of another task, and the labels that they teach: their own, or the run's."""
    train, dev, slot_map = other.texts.train, other.texts.dev, config.sharing.slot_map
    if slot_map is None:
        return train, dev, collect_labels(other.texts.labelled, config.scheme)
    return mapped(train, slot_map, labels.slots), (), labels


def save_networks(run: RunContext, trainer: Trainer) -> None:
    """Write the best network of each other task that is kept, and what its folder begins with."""
    for other in run.others if run.config.sharing.keeps_others else ():
        checkpoint, train = other.checkpoint, other.texts.train
        checkpoint.folder.mkdir(parents=True, exist_ok=True)
        locales = tuple(dict.fromkeys(example.locale for example in train))
        checkpoint.save("run", replace(run.checkpoint.run(), corpus=other.corpus, locales=locales))
        checkpoint.save("labels", collect_labels(other.texts.labelled, run.config.scheme))
        checkpoint.save("dev", other.texts.dev)
        checkpoint.save("network-0", trainer.final_weights(other.name))
