"""Learning the tasks of a corpus: intents and tags, from true labels, from soft targets of teachers, or from both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from polyparse.text.vectorizer import collate
from train.data.batches import Batches, batches_of, lengths_of
from train.data.task import Task
from train.models.joint import BatchTensors
from train.objectives.base import Loss, Share
from train.objectives.losses import losses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from train.compute import Compute
    from train.models.joint import JointNetwork

    TaskOfEpoch = Callable[[int, int], Task]


class TaskBatch(NamedTuple):
    """The items at some positions of a task, of one length where they are not to be padded."""

    task: Task
    positions: list[int]


@dataclass(frozen=True)
class TaskBatches:
    """Every item of a task once."""

    task: Task
    positions: Batches[list[int]]

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[TaskBatch]:
        return (TaskBatch(self.task, positions) for positions in self.positions)


class Supervised:
    """Learns a task; `task_of_epoch(epoch, seed)` draws it anew for each pass where utterances are augmented.

    Batches are of one length, or `padded`. `gold_weight` is the weight of true labels in a task with soft targets.
    """

    def __init__(
        self,
        network: JointNetwork,
        task_of_epoch: TaskOfEpoch,
        *,
        batch_size: int,
        padded: bool = False,
        gold_weight: float = 1.0,
    ) -> None:
        self._network, self._task_of_epoch = network, task_of_epoch
        self._batch_size, self._padded, self._gold_weight = batch_size, padded, gold_weight

    def batches(self, epoch: int, seed: int) -> TaskBatches:
        """Every utterance once."""
        task = self._task_of_epoch(epoch, seed)
        lengths = lengths_of(task.train)
        return TaskBatches(task, batches_of(lengths, self._batch_size, seed, padded=self._padded))

    def share(self, batch: TaskBatch, rank: int, size: int) -> Share:
        """Every `size`-th utterance of a batch, from number `rank` on."""
        positions = batch.positions[rank::size]
        weight = len(positions) / len(batch.positions)
        return Share(batch._replace(positions=positions or batch.positions[:1]), weight)

    def loss(self, batch: TaskBatch, compute: Compute) -> Loss:
        """Intent and slot loss, means over the utterances."""
        task, positions = batch
        tensors = BatchTensors.of(collate([task.train[position] for position in positions]), compute.device)
        with compute.autocast():
            scores = self._network.branch_scores(tensors)
        intent_loss, slot_loss = losses(
            self._network,
            [branch_scores.float() for branch_scores in scores],
            [task.targets[position] for position in positions],
            chain=task.chain,
            gold_weight=self._gold_weight,
        )
        return Loss({"intent": intent_loss, "slot": slot_loss}, len(positions))
