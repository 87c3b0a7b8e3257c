"""A config at which the test corpus is learnt in a second, and the parts of a run on it.

Axes: B utterances, T tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from polyparse.text.vectorizer import Vectorizer, collate
from train.config import OptimConfig, RunConfig
from train.data.task import TextTables, build_task, collect_labels
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import BatchTensors, JointConfig
from train.models.maxent import MaxEntConfig
from train.training.trainer import Trainer, build_network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from polyparse.corpora.example import Example
    from train.data.task import Task
    from train.models.joint import JointNetwork

TINY = RunConfig(
    recipe="tiny",
    classifier=MaxEntConfig(min_feature_count=1, l2=1e-4),
    joint=JointConfig(
        embedder=EmbedderConfig(
            word_size=48,
            character_size=4,
            character_filters=2,
            word_dropout=0.01,
            min_word_count=1,
            min_character_count=1,
        ),
        encoder=EncoderConfig(hidden_size=48, layers=1, dropout=0.02),
        mlp_size=48,
        embedding_dropout=0.02,
        mlp_dropout=0.02,
    ),
    optim=OptimConfig(learning_rate=0.02, epochs=25, patience=10, average_decay=0.6),
)

SHORT = replace(TINY, optim=replace(TINY.optim, epochs=2))
"""Enough to go through everything, too little to learn."""

SETTINGS = (
    "--set=classifier.min_feature_count=1",
    "--set=joint.embedder.word_size=8",
    "--set=joint.embedder.character_filters=2",
    "--set=joint.encoder.hidden_size=8",
    "--set=joint.mlp_size=8",
    "--set=optim.epochs=2",
)
"""The like of SHORT on a command line."""


class Gold(NamedTuple):
    """A batch and what it should give; tags are -1 in the padding."""

    tensors: BatchTensors
    intents_B: Tensor
    tags_BT: Tensor


def with_joint(config: RunConfig, *, encoder: str = "bilstm", **changes: Any) -> RunConfig:
    """The config with another encoder, and other entries of `joint`; "a + b" is a with b as its auxiliary encoder."""
    first, _, second = encoder.partition(" + ")
    main = replace(config.joint.encoder, kind=first)  # type: ignore[arg-type]  # checked when the test asks
    if second:
        changes = {"auxiliary": replace(main, kind=second), **changes}  # type: ignore[arg-type]  # likewise
    return replace(config, joint=replace(config.joint, encoder=main, **changes))


def parts(
    config: RunConfig, train: Sequence[Example], dev: Sequence[Example] = ()
) -> tuple[Task, TextTables]:
    """What a trainer of one network over all labels needs."""
    tables = TextTables.build(train, config)
    vectorizer = Vectorizer(tables.vocabulary, tables.features)
    return build_task(train, dev, collect_labels(train, config.scheme), vectorizer), tables


def trainer(config: RunConfig, train: Sequence[Example], dev: Sequence[Example] = ()) -> Trainer:
    """A trainer of one network over all labels."""
    task, tables = parts(config, train, dev)
    return Trainer(build_network(task, tables, config), task, config)


def gold(task: Task, rows: Sequence[int]) -> Gold:
    """Some training utterances as one padded batch."""
    items = [task.train[row] for row in rows]
    longest = max(item.n_tokens for item in items)
    tags = [task.targets[row].tags_T + [-1] * (longest - task.train[row].n_tokens) for row in rows]
    intents = [task.targets[row].intent for row in rows]
    return Gold(BatchTensors.of(collate(items)), torch.tensor(intents), torch.tensor(tags))


def losses(network: JointNetwork, batch: Gold) -> torch.Tensor:
    """Intent and slot loss of a batch, the mean of the network's branches'."""
    branches = network.branch_scores(batch.tensors)
    of_branches = [torch.stack(network.loss(scores, batch.intents_B, batch.tags_BT)) for scores in branches]
    return torch.stack(of_branches).mean(0)


def backward(network: JointNetwork, batch: Gold) -> float:
    """One loss and its gradients."""
    network.zero_grad()
    loss = losses(network, batch).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())
