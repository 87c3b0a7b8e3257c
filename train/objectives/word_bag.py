"""The class of an utterance from a bag of its words: how a `train.models.word_bag.WordBag` is learnt.

Axes: B utterances, A numbers of a word's aligned vector, E numbers of a bag, H hidden, C classes.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import torch
from torch import nn

from polyparse.text.vocabulary import FIRST
from train.data.batches import EqualLengthBatches, lengths_of
from train.models.word_bag import MIN_LENGTH, SCALE
from train.objectives.base import Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyparse.text.vectorizer import Item
    from train.compute import Compute
    from train.models.word_bag import WordBagConfig


class BagNetwork(nn.Module):
    """The bag in training, with dropout and noise."""

    def __init__(self, vector_size: int, n_classes: int, config: WordBagConfig) -> None:
        super().__init__()
        self.projection = nn.Linear(vector_size, config.size, bias=False)
        self.inner = nn.Linear(config.size, config.hidden_size)
        self.dropout = nn.Dropout(config.dropout)
        self.outer = nn.Linear(config.hidden_size, n_classes)
        self._noise = config.noise

    def forward(self, sums_BA: torch.Tensor) -> torch.Tensor:
        """logits_BC of sums of weighted vectors."""
        bags_BE = SCALE * nn.functional.normalize(self.projection(sums_BA), dim=1, eps=MIN_LENGTH)
        noisy_BE = bags_BE + self._noise * torch.randn_like(bags_BE)
        logits_BC: torch.Tensor = self.outer(self.dropout(torch.relu(self.inner(noisy_BE))))
        return logits_BC


class BagClasses:
    """Cross entropy with the classes of utterances that are given as sums of weighted vectors."""

    def __init__(
        self, network: BagNetwork, sums_BA: torch.Tensor, classes_B: torch.Tensor, config: WordBagConfig
    ) -> None:
        self._network, self._sums_BA, self._classes_B = network, sums_BA, classes_B
        self._config = config

    @property
    def n_batches(self) -> int:
        """How many batches a pass has."""
        return -(-len(self._sums_BA) // self._config.batch_size)

    def batches(self, _epoch: int, _seed: int) -> Sequence[torch.Tensor]:
        """Positions of all utterances, shuffled by PyTorch's own generator."""
        return torch.split(torch.randperm(len(self._sums_BA)), self._config.batch_size)

    def loss(self, batch: torch.Tensor, compute: Compute) -> Loss:
        """Cross entropy, mean over the utterances."""
        sums_BA, classes_B = self._sums_BA[batch], self._classes_B[batch]
        return _loss(self._network, sums_BA, classes_B, self._config, compute)


class BagOfItems:
    """The same for items that are not in memory: a batch is summed up when it is its turn.

    `weighted_WA[word id - FIRST]` is the weighted vector of a word; unknown words have none.
    """

    def __init__(
        self,
        network: BagNetwork,
        items: Sequence[Item],
        classes: Sequence[int],
        weighted_WA: torch.Tensor,
        config: WordBagConfig,
    ) -> None:
        self._network, self._items, self._classes = network, items, classes
        self._weighted_WA, self._config = weighted_WA, config
        self._lengths = lengths_of(items)

    def batches(self, _epoch: int, seed: int) -> EqualLengthBatches:
        """Positions of all utterances, those of a batch of one length."""
        return EqualLengthBatches(self._lengths, self._config.batch_size, seed)

    def loss(self, batch: list[int], compute: Compute) -> Loss:
        """Cross entropy, mean over the utterances."""
        bags = [[word.id - FIRST for word in self._items[i].words if word.id >= FIRST] for i in batch]
        starts_B = torch.tensor([0, *accumulate(map(len, bags[:-1]))])
        words_N = torch.tensor([word for bag in bags for word in bag], dtype=torch.int64)
        sums_BA = nn.functional.embedding_bag(words_N, self._weighted_WA, starts_B, mode="sum")
        classes_B = torch.tensor([self._classes[i] for i in batch])
        return _loss(self._network, sums_BA, classes_B, self._config, compute)


def _loss(
    network: BagNetwork,
    sums_BA: torch.Tensor,
    classes_B: torch.Tensor,
    config: WordBagConfig,
    compute: Compute,
) -> Loss:
    with compute.autocast():
        logits_BC = network(sums_BA.to(compute.device))
    value = nn.functional.cross_entropy(
        logits_BC.float(), classes_B.to(compute.device), label_smoothing=config.label_smoothing
    )
    return Loss({"class": value}, len(classes_B))
