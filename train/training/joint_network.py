"""One joint network of a run: where it starts from, what it learns from, and its epochs, which the checkpoint keeps."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from train.data.stream import StreamedCorpus, streamed_task
from train.data.task import build_task
from train.objectives.supervised import Supervised
from train.start import without_outside_words
from train.stopwatch import Stopwatch
from train.training.initialisation import copy_weights, finished_run, source_of
from train.training.languages import languages_of, log_gates, objectives
from train.training.other_tasks import save_networks, side_tasks
from train.training.pretraining import learn_masked_words
from train.training.task_of_epoch import task_of_epoch
from train.training.trainer import Trainer, build_network, train_epochs
from train.training.transfer import LogShares, RowNames, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.contract.labels import Labels
    from polyparse.corpora.example import Example
    from polyparse.text.vocabulary import Vocabulary
    from train.data.task import Task
    from train.models.joint import JointNetwork
    from train.objectives.base import Objective
    from train.start import Start
    from train.training.other_tasks import Text
    from train.training.run import RunContext
    from train.training.trainer import Epoch, Opponent, SideTask


def fit_joint_network(
    run: RunContext, index: int, labels: Labels, text: Text, train: Sequence[Example], dev: Sequence[Example]
) -> None:
    """Train network number `index`, or go on with it; the checkpoint then has its best weights, and so have other tasks'."""
    config = run.config
    if isinstance(train, StreamedCorpus):
        task = streamed_task(train, dev, labels, text.vectorizer)
    else:
        task = build_task(train, dev, labels, text.vectorizer)
    network = build_network(task, text.tables, config, text.vectors, text.outside)
    tasks = task_of_epoch(run, task, train, text.vectorizer)
    saved = run.checkpoint.find(f"training-{index}")
    if run.parents.start is not None:
        _start_from(run.parents.start, run, network, index, text.tables.vocabulary, task)
    elif config.masked_words.epochs and saved is None:
        _learn_masked_words(run, network, task)
    objective: Objective[Any] = Supervised(
        network,
        tasks,
        batch_size=config.optim.batch_size,
        padded=config.optim.padded,
        gold_weight=config.distil.gold,
    )
    others: Sequence[SideTask | Opponent] = side_tasks(run, labels, network, text)
    if config.languages is not None:
        read = languages_of(run, task, train, text.vectorizer)
        objective, others = objectives(run, config.languages, network, read)
    trainer = Trainer(network, task, config, objective=objective, others=others, device=run.device)
    if saved is not None:
        trainer.restore(saved, where=f"{run.checkpoint.folder}/training-{index}.pt")
    else:
        run.checkpoint.save(f"training-{index}", trainer.state())
    _train(run, index, trainer)
    save_networks(run, trainer)
    if config.languages is not None:
        log_gates(run, trainer, read)
    run.checkpoint.save(f"network-{index}", trainer.final_weights())


def _start_from(
    start: Start, run: RunContext, network: JointNetwork, index: int, vocabulary: Vocabulary, task: Task
) -> None:
    if run.config.init:
        by_label = any(block.start == "by label" for block in run.config.init)
        shares = LogShares.of(task.targets, task.labels) if by_label else None  # reads all that is learnt
        words = without_outside_words(vocabulary, run.config.joint.embedder)
        transfer(network, RowNames(words, task.labels, shares), source_of(start), run.config.init)
    else:
        copy_weights(network, finished_run(start), index)


def _learn_masked_words(run: RunContext, network: JointNetwork, task: Task) -> None:
    started, epochs = Stopwatch(), run.config.masked_words.epochs
    with run.progress.stage("masked words", epochs) as step:
        result = learn_masked_words(network, task.train, run.config, step, run.device)
    run.progress.say(f"masked words: loss {result.loss:.3f}, right {result.right:.3f}")
    run.checkpoint.log({"masked_words": epochs, **asdict(result), **started.read()})


def _train(run: RunContext, index: int, trainer: Trainer) -> None:
    """Train to the end; the state of each epoch's end is saved and its results are logged and printed."""
    domains, progress = trainer.task.labels.domains, run.progress
    name, n_epochs = domains[0] if len(domains) == 1 else "all", run.config.optim.epochs
    if not trainer.finished:
        progress.open_epoch(name, trainer.epoch + 1, n_epochs)

    def on_step(done: int, of: int) -> None:
        progress.step(done, of)
        if run.config.stream.on and trainer.midway.turns % run.config.stream.save_steps == 0:
            run.checkpoint.save(f"training-{index}", trainer.state())

    for epoch in train_epochs(trainer, on_step=on_step):
        run.checkpoint.save(f"training-{index}", trainer.state())
        line = _line(name, epoch)
        run.checkpoint.log(line)
        progress.close_epoch(line)
        if not trainer.finished:
            progress.open_epoch(name, epoch.number + 1, n_epochs)


def _line(name: str, epoch: Epoch) -> dict[str, Any]:
    return {
        "network": name,
        "epoch": epoch.number,
        "intent_loss": round(epoch.intent_loss, 4),
        "slot_loss": round(epoch.slot_loss, 4),
        "dev": epoch.dev,
        "best": epoch.best,
        **({} if epoch.opponent_right is None else {"language_accuracy": round(epoch.opponent_right, 4)}),
        **epoch.time,
    }
