"""The class of an utterance from its features: how a `train.models.maxent.MaxEnt` is learnt from a stream, batch by batch.

    loss of an utterance = -log P(class) + l2 / 2 * sum_f (N / n_f) |W_f|^2      over its distinct features

Of N utterances n_f have feature f, so that the mean over all of them is the objective of `train.models.maxent`: each batch
gives an unbiased gradient of it, which is zero for the features that none of its utterances has.

Axes: B utterances, F features of one utterance, C classes, V feature ids (0 is padding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from train.data.batches import EqualLengthBatches, lengths_of
from train.models.maxent import MIN_SQUARE
from train.objectives.base import Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from polyparse.text.vectorizer import Item
    from train.compute import Compute

BATCH = 256


class MaxEntNetwork(nn.Module):
    """weights_VC and bias_C, all zero at first; the gradient of the weights is sparse."""

    def __init__(self, idf_V: Tensor, n_classes: int) -> None:
        super().__init__()
        self.weights_VC = nn.Parameter(torch.zeros(len(idf_V), n_classes))
        self.bias_C = nn.Parameter(torch.zeros(n_classes))
        self.register_buffer("idf_V", idf_V)
        self.idf_V: Tensor

    def forward(self, features: Sequence[Sequence[int]]) -> Tensor:
        """logits_BC of utterances given by their feature ids, repeats counted."""
        flat_N, lengths_B = _flat(features)
        values_N = self.idf_V[flat_N]
        owners_N = torch.repeat_interleave(torch.arange(len(features)), lengths_B)
        squares_B = torch.zeros(len(features)).index_add_(0, owners_N, values_N.square())
        scaled_N = values_N / squares_B.clamp(min=MIN_SQUARE).sqrt()[owners_N]
        starts_B = lengths_B.cumsum(0) - lengths_B
        sums_BC = nn.functional.embedding_bag(
            flat_N, self.weights_VC, starts_B, mode="sum", sparse=True, per_sample_weights=scaled_N
        )
        logits_BC: Tensor = sums_BC + self.bias_C
        return logits_BC


class MaxEntClasses:
    """Cross entropy with the classes of items, which need not be in memory, and the penalty; `counts_V` are the n_f."""

    def __init__(
        self,
        network: MaxEntNetwork,
        items: Sequence[Item],
        classes: Sequence[int],
        counts_V: Tensor,
        l2: float,
    ) -> None:
        self._network, self._items, self._classes = network, items, classes
        self._penalty_V = l2 / 2 * len(items) / counts_V.clamp(min=1)
        self._lengths = lengths_of(items)

    def batches(self, _epoch: int, seed: int) -> EqualLengthBatches:
        """Positions of all items, those of a batch of one length."""
        return EqualLengthBatches(self._lengths, BATCH, seed)

    def loss(self, batch: list[int], compute: Compute) -> Loss:
        """Cross entropy and penalty, means over the utterances."""
        features = [self._items[position].features for position in batch]
        classes_B = torch.tensor([self._classes[position] for position in batch], device=compute.device)
        value = nn.functional.cross_entropy(self._network(features), classes_B)
        distinct_N, _ = _flat([sorted(set(ids)) for ids in features])
        weights_NC = nn.functional.embedding(distinct_N, self._network.weights_VC, sparse=True)
        penalty = (self._penalty_V[distinct_N] * weights_NC.square().sum(dim=1)).sum() / len(batch)
        return Loss({"class": value, "penalty": penalty}, len(batch))


def _flat(features: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids end to end, and how many each utterance has."""
    flat_N = torch.tensor([feature for ids in features for feature in ids], dtype=torch.int64)
    return flat_N, torch.tensor([len(ids) for ids in features])
