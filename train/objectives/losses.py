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

    from train.data.task import Target
    from train.models.heads.crf import Potentials
    from train.models.joint import JointNetwork, Scores


def losses(
    network: JointNetwork,
    views: Sequence[Scores],
    targets: Sequence[Target],
    *,
    chain: Potentials | None,
    gold_weight: float,
) -> tuple[Tensor, Tensor]:
    """Intent and slot loss, means over the utterances and over the network's views of them.

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
        own_G = torch.tensor(labelled)
        found = [torch.stack(network.loss(view.of(own_G), intents_G, tags_GT)) for view in views]
        total = total + weight * len(labelled) / len(targets) * torch.stack(found).mean(0)
    if judged and chain is not None:
        own_S = torch.tensor(judged)
        opinions = [opinion for target in targets if (opinion := target.opinion) is not None]
        probs_SI = torch.from_numpy(np.stack([opinion.log_probs_I for opinion in opinions])).float().exp()
        teacher_STK = torch.from_numpy(np.stack([opinion.emissions_TK for opinion in opinions]))
        start_K, steps_IJ, end_K = (potentials.double() for potentials in chain)
        lengths_S = views[0].lengths_B[own_S]
        expected = expect(teacher_STK.double(), start_K, steps_IJ, end_K, lengths_S)
        found = [torch.stack(network.soft_loss(view.of(own_S), probs_SI, expected)) for view in views]
        total = total + (1.0 - weight) * len(judged) / len(targets) * torch.stack(found).mean(0)
    intent_loss, slot_loss = total
    return intent_loss, slot_loss
