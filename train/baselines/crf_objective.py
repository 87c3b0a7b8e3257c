"""The training objective of a CRF over token features, with its exact gradient over all utterances.

    negative log-likelihood, summed over utterances, + l2 * |theta|^2

theta has a weight for each pair of a feature and a tag that occurs, as in CRFsuite, and the scores of start, transitions and
end, of which all that are legal are learnt, whether they occur or not.

Axes: B utterances, T tokens of an utterance, N tokens of all utterances end to end, F feature ids, P pairs, K tags.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy.sparse import csr_matrix

from polyparse.inference.batches import cut
from train.models.heads.crf import Potentials, path_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from polyparse.text.vectorizer import Item
    from train.data.task import Target
    from train.models.heads.crf import Crf

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

GROUP_TOKENS = 16_384
"""Tokens of equal utterances whose sums are computed at once."""


class TaggedTokens:
    """The tokens of all utterances end to end, the shortest utterances first, with their features and tags.

    `groups` are (first token, end, number of utterances), each of utterances of one length.
    """

    def __init__(self, items: Sequence[Item], targets: Sequence[Target], *, n_features: int) -> None:
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for position, item in enumerate(items):
            by_length[item.n_tokens].append(position)
        self.groups: list[tuple[int, int, int]] = []
        order, first = [], 0
        for length in sorted(by_length):
            for group in cut(by_length[length], max(1, GROUP_TOKENS // length)):
                self.groups.append((first, first + length * len(group), len(group)))
                order += group
                first += length * len(group)
        tokens = [features for position in order for features in items[position].token_features]
        self.features_NF = _indicators(tokens, 1 + n_features)
        self.tags_N = torch.tensor([tag for position in order for tag in targets[position].tags_T])


class Pairs(NamedTuple):
    """Pairs of a feature and a tag, by ids."""

    features_P: Integers
    tags_P: Integers

    @classmethod
    def of(cls, tokens: TaggedTokens, n_tags: int) -> Pairs:
        """The pairs that occur, in order of their features."""
        n_tokens = len(tokens.tags_N)
        gold = (np.ones(n_tokens), (np.arange(n_tokens), tokens.tags_N.numpy()))
        counts_FK = (tokens.features_NF.T @ csr_matrix(gold, shape=(n_tokens, n_tags))).tocsr()
        counts_FK.sort_indices()
        features_P, tags_P = counts_FK.nonzero()
        return cls(features_P.astype(np.int64), tags_P.astype(np.int64))

    def only(self, kept_P: NDArray[np.bool_]) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.features_P[kept_P], self.tags_P[kept_P])


class CrfObjective:
    """Flat parameters (weights of the pairs, then start_K, transitions_KK and end_K) -> value and flat gradient."""

    def __init__(self, tokens: TaggedTokens, pairs: Pairs, head: Crf, l2: float) -> None:
        self._tokens, self.pairs, self._l2 = tokens, pairs, l2
        self._features_FN = tokens.features_NF.T.tocsr()
        self._n_tags = len(head.tags)
        self._illegal = (head.illegal_start_K, head.illegal_KK, head.illegal_end_K)

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return len(self.pairs.tags_P) + self._n_tags * (self._n_tags + 2)

    def __call__(self, flat: Tensor) -> tuple[float, Tensor]:
        """Value and gradient; all float64."""
        emissions_NK = torch.from_numpy(self._tokens.features_NF @ self.table(flat))
        scores = [part.clone().requires_grad_() for part in self.potentials(flat)]
        gradient_NK = torch.empty_like(emissions_NK)
        value = self._l2 * float(flat.square().sum())
        for first, end, n_utterances in self._tokens.groups:
            group_NK = emissions_NK[first:end].requires_grad_()
            loss = self._loss(group_NK, scores, self._tokens.tags_N[first:end].view(n_utterances, -1))
            torch.autograd.backward(loss)
            gradient_NK[first:end] = _gradient(group_NK)
            value += float(loss.detach())
        gradient_FK = self._features_FN @ gradient_NK.numpy()
        parts = [torch.from_numpy(gradient_FK[self.pairs]), *(_gradient(part).flatten() for part in scores)]
        return value, torch.cat(parts) + 2.0 * self._l2 * flat

    def table(self, flat: Tensor) -> Floats:
        """weights_FK: the weights of the pairs, zero for all others."""
        weights_FK = np.zeros((self._tokens.features_NF.shape[1], self._n_tags))
        weights_FK[self.pairs] = flat[: len(self.pairs.tags_P)].numpy()
        return weights_FK

    def potentials(self, flat: Tensor) -> Potentials:
        """The other parameters, as they are."""
        scores, k = flat[len(self.pairs.tags_P) :], self._n_tags
        return Potentials(scores[:k], scores[k:-k].view(k, k), scores[-k:])

    def _loss(self, emissions_NK: Tensor, scores: Sequence[Tensor], tags_BT: Tensor) -> Tensor:
        """The summed negative log-likelihood of utterances of one length."""
        legal = [
            part.masked_fill(illegal, -torch.inf) for part, illegal in zip(scores, self._illegal, strict=True)
        ]
        lengths_B = torch.full((len(tags_BT),), tags_BT.shape[1])
        emissions_BTK = emissions_NK.view(*tags_BT.shape, self._n_tags)
        return len(tags_BT) * path_loss(emissions_BTK, Potentials(*legal), tags_BT, lengths_B)


def _indicators(tokens: Sequence[Sequence[int]], n_ids: int) -> csr_matrix:
    """How often each token has each feature, as a sparse matrix."""
    starts = np.concatenate([[0], np.cumsum([len(features) for features in tokens])])
    ids = np.fromiter((f for features in tokens for f in features), dtype=np.int32, count=int(starts[-1]))
    return csr_matrix((np.ones(len(ids)), ids, starts), shape=(len(tokens), n_ids))


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
