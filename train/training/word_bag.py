"""Training a bag of words on the classes of utterances; always on the CPU, where it takes a minute.

Axes: B utterances, W words (with ids from 1), A numbers of a word's aligned vector, E numbers of a bag, H hidden, C classes.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy.sparse import csr_matrix

from train.compute import CPU, Compute
from train.models.word_bag import WordBag
from train.objectives.word_bag import BagClasses, BagNetwork, BagOfItems
from train.schedule import OneCycle
from train.training.learner import Learner, Updates
from train.training.loop import Epochs, not_reseeded, train_epoch
from train.training.sampler import Part, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Item
    from train.models.word_bag import WordBagConfig
    from train.objectives.base import Objective

    Floats = NDArray[np.float32]
    Integers = NDArray[np.int64]


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
    sums_BA = torch.from_numpy(np.asarray(_word_counts(word_ids, len(vectors_WA)) @ weighted_WA))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = BagNetwork(vectors_WA.shape[1], n_classes, config)
        objective = BagClasses(network, sums_BA, torch.from_numpy(classes_B), config)
        _train(network, objective, objective.n_batches, config, on_epoch)
    return _finished(network, weighted_WA, config)


def fit_streamed(
    items: Sequence[Item],
    classes: Sequence[int],
    *,
    weighted_WA: Floats,
    n_classes: int,
    config: WordBagConfig,
    epoch_steps: int | None,
) -> WordBag:
    """The same for items that are not in memory; `weighted_WA[word id - FIRST]` is a word's vector times its idf."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = BagNetwork(weighted_WA.shape[1], n_classes, config)
        objective = BagOfItems(network, items, classes, torch.from_numpy(weighted_WA), config)
        n_batches = min(len(objective.batches(0, 0)), epoch_steps or inf)
        _train(network, objective, int(n_batches), config, lambda _epoch: None, epoch_steps)
    return _finished(network, weighted_WA, config)


def _finished(network: BagNetwork, weighted_WA: Floats, config: WordBagConfig) -> WordBag:
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


def _train(
    network: BagNetwork,
    objective: Objective[Any],
    n_batches: int,
    config: WordBagConfig,
    on_epoch: Callable[[int], None],
    most_steps: int | None = None,
) -> None:
    updates = Updates(
        optimiser=partial(torch.optim.AdamW, lr=config.learning_rate, weight_decay=config.weight_decay),
        schedule=partial(OneCycle, learning_rate=config.learning_rate, updates=config.epochs * n_batches),
    )
    sampler = Sampler([Part(objective, Learner(network, updates, Compute(CPU)))])
    epochs = Epochs(total=config.epochs, seeding=not_reseeded, most_steps=most_steps)
    for epoch in range(config.epochs):
        train_epoch(sampler, epochs, epoch)
        on_epoch(epoch + 1)


def _word_counts(word_ids: Sequence[Sequence[int]], n_words: int) -> csr_matrix:
    """How often each utterance contains each word, shape (B, W)."""
    starts = np.cumsum([0, *(len(ids) for ids in word_ids)])
    columns = np.array([word_id - 1 for ids in word_ids for word_id in ids], dtype=np.int64)
    counts = np.ones(len(columns), dtype=np.float32)
    return csr_matrix((counts, columns, starts), shape=(len(word_ids), n_words))
