"""Training a network to predict masked words, before it learns labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from train.compute import CPU, Compute
from train.objectives.masked_words import MaskedWords, WordPredictor
from train.training.learner import Learner
from train.training.loop import Epochs, Totals, reseeded, train_epoch
from train.training.sampler import Part, Sampler
from train.training.trainer import updates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from polyparse.text.vectorizer import Item
    from train.config import RunConfig
    from train.models.joint import JointNetwork


@dataclass(frozen=True)
class MaskedWordsResult:
    """Of the last epoch: mean cross entropy of the predicted words (nats), and the share of them predicted right."""

    loss: float
    right: float


def learn_masked_words(
    network: JointNetwork,
    items: Sequence[Item],
    config: RunConfig,
    on_epoch: Callable[[int], None] = lambda _number: None,
    device: torch.device = CPU,
) -> MaskedWordsResult:
    """Train for `config.masked_words.epochs` with the optimiser and learning-rate schedule of `config.optim`.

    Its parameter groups are those of learning labels, and have no part in this. `on_epoch(number)` is called after each
    epoch. A run that was stopped here starts it again and gets the same weights.
    """
    torch.manual_seed(config.seed)
    masked_words, optim = config.masked_words, replace(config.optim, epochs=config.masked_words.epochs)
    predictor, totals = WordPredictor(network), Totals()
    objective = MaskedWords(predictor, items, batch_size=optim.batch_size, share=masked_words.share)
    compute = Compute(device, optim.precision)
    learner = Learner(predictor, updates(replace(optim, groups=()), fused=False), compute)
    epochs = Epochs(total=optim.epochs, seeding=reseeded(config))
    for epoch in range(optim.epochs):
        (totals,) = train_epoch(Sampler([Part(objective, learner)]), epochs, epoch)
        on_epoch(epoch + 1)
    return MaskedWordsResult(totals.mean("masked words"), totals.right / max(1, totals.size))
