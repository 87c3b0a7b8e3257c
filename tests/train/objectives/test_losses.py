"""Losses of a batch: labels and soft targets count as they are weighed, and every branch learns alike.

Axes: B utterances, T tokens, I intents, K tags.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from polyparse.text.vectorizer import collate
from tests.train.models.test_joint import build
from train.data.task import SoftTarget, Target
from train.models.heads.crf import Crf, Potentials
from train.models.heads.forward_backward import expected_counts
from train.models.joint import BatchTensors
from train.objectives.losses import losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.models.joint import JointNetwork
    from train.models.scores import Scores

UNLABELLED = Target(intent=-1, tags_T=[])


class Batch:
    """Utterances of one length, their scores by both branches of a network, and targets of both kinds for each."""

    def __init__(self) -> None:
        self.network, task = build("linear + cnn")
        (length, n), *_ = Counter(item.n_tokens for item in task.train).most_common(1)
        rows = [row for row, item in enumerate(task.train) if item.n_tokens == length]
        self.scores = self.network.branch_scores(BatchTensors.of(collate([task.train[row] for row in rows])))
        self.labels = [task.targets[row] for row in rows]
        random = np.random.default_rng(0)
        logits_BI = random.normal(size=(n, len(task.labels.intents)))
        log_probs_BI = logits_BI - np.logaddexp.reduce(logits_BI, axis=1, keepdims=True)
        emissions_BTK = -random.exponential(size=(n, length, len(task.labels.tags)))
        self.soft_targets = [
            SoftTarget(log_probs_I, emissions_TK)
            for log_probs_I, emissions_TK in zip(
                log_probs_BI.astype(np.float16), emissions_BTK.astype(np.float16), strict=True
            )
        ]
        assert isinstance(self.network.head, Crf)
        self.chain = Potentials(*(potentials.detach() for potentials in self.network.head.potentials()))


@pytest.fixture(scope="module")
def batch() -> Batch:
    return Batch()


def of_labels(network: JointNetwork, scores: Scores, targets: Sequence[Target]) -> torch.Tensor:
    """[intent loss, slot loss] of one branch, against labels alone."""
    intents_B = torch.tensor([target.intent for target in targets])
    return torch.stack(network.loss(scores, intents_B, torch.tensor([target.tags_T for target in targets])))


def of_soft_targets(batch: Batch, scores: Scores, rows: Sequence[int]) -> torch.Tensor:
    """[intent loss, slot loss] of one branch, against the soft targets of some utterances."""
    probs_BI = np.exp(np.stack([batch.soft_targets[row].log_probs_I for row in rows]).astype(np.float32))
    teacher_BTK = np.stack([batch.soft_targets[row].emissions_TK for row in rows]).astype(np.float64)
    chosen = scores.of(torch.tensor(rows))
    start_K, transitions_IJ, end_K = (potentials.double() for potentials in batch.chain)
    expected = expected_counts(
        torch.from_numpy(teacher_BTK), start_K, transitions_IJ, end_K, chosen.lengths_B
    )
    return torch.stack(batch.network.soft_loss(chosen, torch.from_numpy(probs_BI), expected))


def losses_of(
    batch: Batch, targets: Sequence[Target], chain: Potentials | None, weight: float
) -> torch.Tensor:
    return torch.stack(losses(batch.network, batch.scores, targets, chain=chain, gold_weight=weight))


def test_without_any_teacher_labels_count_in_full_and_branches_alike(batch: Batch) -> None:
    main, auxiliary = (of_labels(batch.network, scores, batch.labels) for scores in batch.scores)
    assert not main.allclose(auxiliary)
    assert losses_of(batch, batch.labels, None, 0.3).allclose((main + auxiliary) / 2)


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9])
def test_labels_count_their_weight_and_soft_targets_the_rest(batch: Batch, weight: float) -> None:
    both = [
        replace(target, soft_target=soft_target)
        for target, soft_target in zip(batch.labels, batch.soft_targets, strict=True)
    ]
    rows = range(len(both))
    gold = torch.stack([of_labels(batch.network, scores, both) for scores in batch.scores]).mean(0)
    soft = torch.stack([of_soft_targets(batch, scores, rows) for scores in batch.scores]).mean(0)
    assert not gold.allclose(soft)
    expected = weight * gold + (1 - weight) * soft
    assert losses_of(batch, both, batch.chain, weight).allclose(expected, rtol=1e-4)


def test_an_intent_counts_by_its_weight_and_slots_as_ever(batch: Batch) -> None:
    """Beside two utterances of one text under two intents, weights are a soft target: 3/2 and 1/2 are 3/4 and 1/4."""
    weights = [1.5, 0.5, *(1.0 for _ in batch.labels[2:])]
    weighed = [replace(one, intent_weight=weight) for one, weight in zip(batch.labels, weights, strict=True)]
    of_each = [
        losses(
            batch.network,
            [each.of(torch.tensor([row])) for each in batch.scores],
            [target],
            chain=None,
            gold_weight=1.0,
        )
        for row, target in enumerate(batch.labels)
    ]
    intent, slot = losses_of(batch, weighed, None, 1.0)
    expected = torch.stack([weight * loss for weight, (loss, _) in zip(weights, of_each, strict=True)]).mean()
    assert intent.allclose(expected, rtol=1e-5)
    assert slot.allclose(losses_of(batch, batch.labels, None, 1.0)[1])
    equal = [replace(one, intent_weight=1.0 + 1e-9) for one in batch.labels]
    assert losses_of(batch, equal, None, 1.0).allclose(losses_of(batch, batch.labels, None, 1.0))


def test_an_utterance_with_one_kind_of_target_counts_no_more_than_that(batch: Batch) -> None:
    """The mean is over all utterances: the first has labels alone, the others a soft target alone."""
    targets = [
        batch.labels[0],
        *(replace(UNLABELLED, soft_target=soft_target) for soft_target in batch.soft_targets[1:]),
    ]
    n, first = len(targets), torch.tensor([0])
    gold = [of_labels(batch.network, scores.of(first), targets[:1]) for scores in batch.scores]
    soft = [of_soft_targets(batch, scores, range(1, n)) for scores in batch.scores]
    expected = (0.3 * torch.stack(gold).mean(0) + 0.7 * (n - 1) * torch.stack(soft).mean(0)) / n
    assert losses_of(batch, targets, batch.chain, 0.3).allclose(expected, rtol=1e-4)
