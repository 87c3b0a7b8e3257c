"""What a batch of equally long utterances teaches: its true labels, its teachers' opinions, or both, as losses.

Axes: B utterances, T tokens, I intents, K tags; G of the utterances have labels, S have an opinion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from train.models.heads.forward_backward import expect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from train.models.heads.crf import Potentials
    from train.models.joint import JointNetwork, Scores
    from train.task import Target


def losses(
    network: JointNetwork,
    scores: Scores,
    targets: Sequence[Target],
    *,
    chain: Potentials | None,
    gold_weight: float,
) -> tuple[Tensor, Tensor]:
    """Intent and slot loss, means over the utterances.

    An utterance's labels count `gold_weight` and its opinion the rest; without any opinion in the task (`chain` is None)
    labels count in full.
    """
    labelled = [row for row, target in enumerate(targets) if target.tags_T]
    judged = [row for row, target in enumerate(targets) if target.opinion is not None]
    weight = 1.0 if chain is None else gold_weight
    total = torch.zeros(2)
    if labelled:
        intents_G = torch.tensor([targets[row].intent for row in labelled])
        tags_GT = torch.tensor([targets[row].tags_T for row in labelled])
        found = network.loss(scores.of(torch.tensor(labelled)), intents_G, tags_GT)
        total = total + weight * len(labelled) / len(targets) * torch.stack(found)
    if judged and chain is not None:
        own = scores.of(torch.tensor(judged))
        opinions = [opinion for target in targets if (opinion := target.opinion) is not None]
        log_probs_SI = torch.from_numpy(np.stack([opinion.log_probs_I for opinion in opinions]))
        teacher_STK = torch.from_numpy(np.stack([opinion.emissions_TK for opinion in opinions]))
        start_K, steps_IJ, end_K = (potentials.double() for potentials in chain)
        expected = expect(teacher_STK.double(), start_K, steps_IJ, end_K, own.lengths_B)
        found = network.soft_loss(own, log_probs_SI.float().exp(), expected)
        total = total + (1.0 - weight) * len(judged) / len(targets) * torch.stack(found)
    intent_loss, slot_loss = total
    return intent_loss, slot_loss
