"""A linear-chain CRF over features of tokens, without any hidden layer: the slots of the MaxEnt + CRF baseline.

    emissions[t, k] = sum of weights[f, k] over the features f of token t       (`polyparse.text.token_features`)

Intents are the domain classifier's; this network knows nothing of them, and gives all of them the same probability.

Axes: B utterances, T tokens, L features of a token (0 is padding, with zero weights), F feature ids, I intents, K tags.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, check_bounds
from polyparse.text.features import FeatureTable
from polyparse.text.token_features import token_features
from train.models.heads.crf import Crf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from polyparse.contract.labels import Labels
    from train.models.joint import BatchTensors


@dataclass(frozen=True, kw_only=True)
class TokenCrfConfig:
    """How the CRF is trained: L-BFGS on the negative log-likelihood plus `l2` times the squared weights.

    A weight is learnt for each pair of a feature and a tag that occurs, of features that stand at `min_feature_count` tokens
    or more. The bundle keeps the `kept_features` features with the largest weights, on which training goes on. It ends after
    `max_iterations`, or where `PERIOD` iterations gain less than `tolerance` of the objective.
    """

    l2: float = 0.1
    min_feature_count: int = 2
    kept_features: int = 60_000
    max_iterations: int = 150
    tolerance: float = 1e-4

    def __post_init__(self) -> None:
        check_bounds(
            self,
            l2=NOT_NEGATIVE,
            min_feature_count=POSITIVE,
            kept_features=POSITIVE,
            max_iterations=POSITIVE,
            tolerance=NOT_NEGATIVE,
        )


class TokenCrf(nn.Module):
    """A table of weights and a CRF head; `n_features` are those of the table of token features, without padding."""

    def __init__(self, labels: Labels, *, n_features: int) -> None:
        super().__init__()
        self.n_intents = len(labels.intents)
        self.weights_FK = nn.Parameter(torch.zeros(1 + n_features, len(labels.tags)))
        self.head = Crf(labels.tags, labels.scheme)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.weights_FK.device

    def forward(self, tensors: BatchTensors) -> tuple[Tensor, Tensor]:
        """Logits of the intents, all zero, and emissions_BTK."""
        features_BTL = tensors.token_features_BTL
        flat_NK = nn.functional.embedding_bag(
            features_BTL.flatten(0, 1), self.weights_FK, mode="sum", padding_idx=0
        )
        emissions_BTK = flat_NK.view(*features_BTL.shape[:2], -1)
        return emissions_BTK.new_zeros(len(features_BTL), self.n_intents), emissions_BTK


def build_token_table(utterances: Iterable[Sequence[str]], *, min_count: int) -> FeatureTable:
    """The features of at least `min_count` tokens of the utterances (given as words), in order of their hash."""
    counts: Counter[int] = Counter()
    for words in utterances:
        for features in token_features(words):
            counts.update(features)
    hashes = sorted(feature for feature, count in counts.items() if count >= min_count)
    return FeatureTable(hashes=np.array(hashes, dtype=np.uint32))
