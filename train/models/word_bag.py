"""A bag of aligned words: the class of an utterance from the aligned vectors of its words, regardless of order and language.

Axes: B utterances, F features of one utterance, W words (with ids from 1), A numbers of a word's aligned vector, E numbers
of a bag, H hidden, C classes.

    bag_E = SCALE * s / |s|,   s = sum_w idf_w (vector_w P)   over the utterance's words, repeats counted
    logit_c = (O relu(N bag + n) + o)_c

A deep averaging network (Iyyer, Manjunatha, Boyd-Graber and Daume 2015, "Deep unordered composition rivals syntactic methods
for text classification") over fixed vectors (`train.embeddings.aligned`): a word that is rare in training has a vector near
those of its translations. P is trained and makes a bag small; the model stores idf_w (vector_w P), one row for each word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]

SCALE = 8.0
MIN_LENGTH = 1e-6  # only a bag without words is shorter


@dataclass(frozen=True, kw_only=True)
class WordBagConfig:
    """How a bag is trained; `share` is the weight of its logits in the domain classifier, the MaxEnt has the rest.

    `vector_size` is A, `size` E and `hidden_size` H; `noise` is the standard deviation of Gaussian noise on a bag in
    training.
    """

    share: float = 0.375
    vector_size: int = 160
    size: int = 32
    hidden_size: int = 512
    dropout: float = 0.5
    noise: float = 0.1
    label_smoothing: float = 0.05
    learning_rate: float = 4e-3
    weight_decay: float = 0.3
    batch_size: int = 256
    epochs: int = 20
    seed: int = 1

    def __post_init__(self) -> None:
        check_bounds(
            self,
            share=SHARE,
            vector_size=POSITIVE,
            size=POSITIVE,
            hidden_size=POSITIVE,
            dropout=SHARE,
            noise=NOT_NEGATIVE,
            label_smoothing=SHARE,
            learning_rate=NOT_NEGATIVE,
            weight_decay=NOT_NEGATIVE,
            batch_size=POSITIVE,
            epochs=POSITIVE,
            seed=NOT_NEGATIVE,
        )


@dataclass(frozen=True)
class WordBag:
    """A trained bag: N, n, O and o of the equations, and table_WE, where row 0 and the last one, W + 1, are zero."""

    table_WE: Floats
    inner_EH: Floats  # N
    inner_bias_H: Floats  # n
    outer_HC: Floats  # O
    outer_bias_C: Floats  # o

    @property
    def n_words(self) -> int:
        """The number of words, W."""
        return len(self.table_WE) - 2

    def logits(self, features_BF: Integers) -> Floats:
        """logits_BC; padding (0) and ids above W add nothing."""
        sum_BE = self.table_WE[np.minimum(features_BF, self.n_words + 1)].sum(axis=1)
        length_B1 = np.maximum(np.linalg.norm(sum_BE, axis=1, keepdims=True), MIN_LENGTH)
        hidden_BH = np.maximum(SCALE * sum_BE / length_B1 @ self.inner_EH + self.inner_bias_H, 0.0)
        logits_BC: Floats = hidden_BH @ self.outer_HC + self.outer_bias_C
        return logits_BC

    def scaled(self, factor: float) -> WordBag:
        """The bag whose logits are `factor` times these."""
        return WordBag(
            self.table_WE,
            self.inner_EH,
            self.inner_bias_H,
            self.outer_HC * np.float32(factor),
            self.outer_bias_C * np.float32(factor),
        )


def fit(
    word_ids: Sequence[Sequence[int]],
    classes_B: Integers,
    *,
    vectors_WA: Floats,
    n_classes: int,
    config: WordBagConfig,
    on_epoch: Callable[[int], None] = lambda _epoch: None,
) -> WordBag:
    """Train on the word ids of each utterance; ids start at 1, and `vectors_WA[id - 1]` is a word's aligned vector.

    `on_epoch(number)` is called after each epoch.
    """
    counts_W = np.bincount(
        [word_id - 1 for ids in word_ids for word_id in set(ids)], minlength=len(vectors_WA)
    )
    idf_W = 1.0 + np.log((1.0 + len(word_ids)) / (1.0 + counts_W))
    weighted_WA = (vectors_WA * idf_W[:, None]).astype(np.float32)
    bags_BA = torch.from_numpy(np.asarray(_word_counts(word_ids, len(vectors_WA)) @ weighted_WA))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = _Network(vectors_WA.shape[1], n_classes, config)
        _train(network, bags_BA, torch.from_numpy(classes_B), config, on_epoch)
    projection_AE = network.projection.weight.detach().numpy().T
    zero_1E = np.zeros((1, config.size), dtype=np.float32)
    inner, outer = network.inner, network.outer
    return WordBag(
        table_WE=np.concatenate([zero_1E, weighted_WA @ projection_AE, zero_1E]),
        inner_EH=inner.weight.detach().numpy().T.copy(),
        inner_bias_H=inner.bias.detach().numpy().copy(),
        outer_HC=outer.weight.detach().numpy().T.copy(),
        outer_bias_C=outer.bias.detach().numpy().copy(),
    )


class _Network(nn.Module):
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


def _train(
    network: _Network,
    bags_BA: torch.Tensor,
    classes_B: torch.Tensor,
    config: WordBagConfig,
    on_epoch: Callable[[int], None],
) -> None:
    """AdamW with a one-cycle learning rate (Smith and Topin 2018): up for 30% of the steps, then down to almost zero."""
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    steps = config.epochs * -(-len(bags_BA) // config.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=max(2, steps))
    for epoch in range(1, config.epochs + 1):
        for batch in torch.split(torch.randperm(len(bags_BA)), config.batch_size):
            loss = nn.functional.cross_entropy(
                network(bags_BA[batch]), classes_B[batch], label_smoothing=config.label_smoothing
            )
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
        on_epoch(epoch)


def _word_counts(word_ids: Sequence[Sequence[int]], n_words: int) -> csr_matrix:
    """How often each utterance contains each word, shape (B, W)."""
    starts = np.cumsum([0, *(len(ids) for ids in word_ids)])
    columns = np.array([word_id - 1 for ids in word_ids for word_id in ids], dtype=np.int64)
    counts = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((counts, columns, starts), shape=(len(word_ids), n_words))
