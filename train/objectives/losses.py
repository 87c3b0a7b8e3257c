"""Losses of a batch against true labels, soft targets of teachers, or both; with soft targets, utterances are equally long.

Axes: B utterances, T tokens, I intents, K tags; G of the utterances have labels, S have a soft target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from train.models.heads.forward_backward import expected_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from train.data.task import Target
    from train.models.heads.crf import Potentials
    from train.models.joint import JointNetwork
    from train.models.scores import Scores


def losses(
    network: JointNetwork,
    scores: Sequence[Scores],
    targets: Sequence[Target],
    *,
    chain: Potentials | None,
    gold_weight: float,
) -> tuple[Tensor, Tensor]:
    """Intent and slot loss, means over the utterances and over the network's branches.

    The loss against an utterance's labels has weight `gold_weight`, that against its soft target the rest; in a task without
    soft targets (`chain` is None) labels have weight 1.
    """
    labelled = [position for position, target in enumerate(targets) if target.tags_T]
    soft = [position for position, target in enumerate(targets) if target.soft_target is not None]
    weight = 1.0 if chain is None else gold_weight
    device = scores[0].lengths_B.device
    total = torch.zeros(2, device=device)
    if labelled:
        intents_G = torch.tensor([targets[position].intent for position in labelled], device=device)
        n_tokens = scores[0].emissions_BTK.shape[1]
        tags_GT = torch.tensor([_padded(targets[one].tags_T, n_tokens) for one in labelled], device=device)
        labelled_G = torch.tensor(labelled, device=device)
        weights = [targets[position].intent_weight for position in labelled]
        weights_G = None if set(weights) == {1.0} else torch.tensor(weights, device=device)
        branch_losses = [
            torch.stack(network.loss(branch_scores.of(labelled_G), intents_G, tags_GT, weights_G))
            for branch_scores in scores
        ]
        total = total + weight * len(labelled) / len(targets) * torch.stack(branch_losses).mean(0)
    if soft and chain is not None:
        soft_S = torch.tensor(soft, device=device)
        soft_targets = [target.soft_target for target in targets if target.soft_target is not None]
        log_probs_SI = torch.from_numpy(np.stack([soft_target.log_probs_I for soft_target in soft_targets]))
        probs_SI = log_probs_SI.to(device).float().exp()
        teacher_STK = torch.from_numpy(np.stack([soft_target.emissions_TK for soft_target in soft_targets]))
        teacher_STK = teacher_STK.to(device)
        start_K, transitions_IJ, end_K = (potentials.to(device).double() for potentials in chain)
        lengths_S = scores[0].lengths_B[soft_S]
        counts = expected_counts(teacher_STK.double(), start_K, transitions_IJ, end_K, lengths_S)
        branch_losses = [
            torch.stack(network.soft_loss(branch_scores.of(soft_S), probs_SI, counts))
            for branch_scores in scores
        ]
        total = total + (1.0 - weight) * len(soft) / len(targets) * torch.stack(branch_losses).mean(0)
    intent_loss, slot_loss = total
    return intent_loss, slot_loss


def _padded(tags_T: list[int], n_tokens: int) -> list[int]:
    """The tags and as many of -1 as the utterance has padding, in which no head reads them."""
    return tags_T + [-1] * (n_tokens - len(tags_T))
