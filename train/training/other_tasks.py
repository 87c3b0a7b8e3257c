"""Other tasks of a run: corpora with labels of their own, learnt at the same time by networks that share parts with its own.

All of them have the run's vocabulary, which is made of the text of all. What a run chooses (the best epoch, when to stop) it
chooses by its own dev. In the end each task is a finished run in a folder of its own, to be exported like any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from polyparse.errors import ConfigError
from train.data.task import build_task, collect_labels
from train.models.sharing import share
from train.objectives.supervised import Supervised
from train.training.task_of_epoch import task_of_epoch
from train.training.trainer import SideTask, build_network

if TYPE_CHECKING:
    from polyparse.text.vectorizer import Vectorizer
    from train.data.task import TextTables
    from train.embeddings import PretrainedVectors
    from train.models.joint import JointNetwork
    from train.training.run import RunContext
    from train.training.trainer import Trainer


class Text(NamedTuple):
    """What all networks of a run share: its tables, what they make of a text, and the word vectors to start from."""

    tables: TextTables
    vectorizer: Vectorizer
    vectors: PretrainedVectors | None


def check(run: RunContext) -> None:
    """Raise ConfigError for what a run with other tasks cannot do, or would silently leave undone."""
    config, names = run.config, [other.name for other in run.others]
    if unknown := sorted(config.sharing.weights.keys() - set(names)):
        raise ConfigError(
            f"sharing.weights: found {', '.join(unknown)}, expected some of {', '.join(names) or 'no task'}"
        )
    if not run.others:
        return
    needed = {
        "--start": (run.parents.start is not None, False),
        "--teacher": (bool(run.parents.teachers), False),
        "stream.on": (config.stream.on, False),
        "topology": (config.topology, "shared"),
        "token_crf": (config.token_crf is not None, False),
        "masked_words.epochs": (config.masked_words.epochs, 0),
        "folds": (config.folds, 0),
        "distinct names": (len(set(names)) == len(names), True),
    }
    for key, (found, expected) in needed.items():
        if found != expected:
            raise ConfigError(f"{key}: found {found!r}, expected {expected!r} with other tasks (--also)")


def side_tasks(run: RunContext, network: JointNetwork, text: Text) -> list[SideTask]:
    """The other tasks for the trainer of `network`, with new networks that share its parts as the config has it."""
    config, sides = run.config, []
    for other in run.others:
        labels = collect_labels(other.texts.train, config.scheme)
        task = build_task(other.texts.train, other.texts.dev, labels, text.vectorizer)
        its_network = build_network(task, text.tables, config, text.vectors)
        share(network, its_network, config.sharing.parts)
        tasks = task_of_epoch(run, task, other.texts.train, text.vectorizer)
        objective = Supervised(its_network, tasks, batch_size=config.optim.batch_size)
        sides.append(
            SideTask(other.name, its_network, objective, config.sharing.weights.get(other.name, 1.0))
        )
    return sides


def save_networks(run: RunContext, trainer: Trainer) -> None:
    """Write the best network of each other task, and what its folder begins with."""
    for other in run.others:
        checkpoint, train = other.checkpoint, other.texts.train
        checkpoint.folder.mkdir(parents=True, exist_ok=True)
        locales = tuple(dict.fromkeys(example.locale for example in train))
        checkpoint.save("run", replace(run.checkpoint.run(), corpus=other.corpus, locales=locales))
        checkpoint.save("labels", collect_labels(train, run.config.scheme))
        checkpoint.save("dev", other.texts.dev)
        checkpoint.save("network-0", trainer.final_weights(other.name))
