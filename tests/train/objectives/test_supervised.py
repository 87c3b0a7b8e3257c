"""Learning the utterances of a corpus: in company, padded, each counts as it does alone."""

from __future__ import annotations

import pytest
import torch

from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from train.compute import CPU, Compute
from train.models.heads import HEADS
from train.objectives.supervised import Supervised, TaskBatch
from train.training.trainer import build_network


@pytest.mark.parametrize("head", HEADS)
def test_the_loss_of_a_padded_batch_is_the_mean_of_its_utterances_alone(head: str) -> None:
    config = with_joint(SHORT, encoder="bigru", head=head)
    task, tables = parts(config, examples())
    network = build_network(task, tables, config).eval()
    objective = Supervised(network, lambda _epoch, _seed: task, batch_size=5, padded=True)
    compute, (batch, *_) = Compute(CPU), objective.batches(0, 1)
    assert len({task.train[position].n_tokens for position in batch.positions}) > 1
    together = objective.loss(batch, compute).parts
    alone = [objective.loss(TaskBatch(task, [position]), compute).parts for position in batch.positions]
    for name, loss in together.items():
        assert loss.allclose(torch.stack([each[name] for each in alone]).mean(), rtol=1e-4)
