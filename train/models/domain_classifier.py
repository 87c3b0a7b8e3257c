"""The domain classifier (DC): a MaxEnt over n-grams and, if the config has one, a bag of aligned words.

Axes: B utterances, F features of one utterance, C classes.

Both read ids of one feature table, so that the features of an utterance are looked up once. The table begins with the words
that only the bag has (`n_bag_only` of them), then come words that both have, then features that only the MaxEnt has: the ids
of each of the two are one range.

    log P(class) = log-softmax(logits of the MaxEnt + logits of the bag)

This is a product of experts; the weights of the two experts are part of their parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from train.models.maxent import MaxEnt
from train.models.word_bag import WordBag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True)
class DomainClassifier:
    """`bag` reads ids as they are; `maxent` reads them less `n_bag_only`, and 0 (padding) in place of negative ones."""

    maxent: MaxEnt
    bag: WordBag | None = None
    n_bag_only: int = 0

    @property
    def n_features(self) -> int:
        """The number of features in the table whose ids it reads."""
        return len(self.maxent.weights_VC) - 1 + self.n_bag_only

    @property
    def n_classes(self) -> int:
        """The number of classes, C."""
        return len(self.maxent.bias_C)

    def log_probs(self, features_BF: NDArray[np.int64]) -> Floats:
        """log P(class | utterance), shape (B, C)."""
        logits_BC = self.maxent.logits(np.maximum(features_BF - self.n_bag_only, 0))
        if self.bag is not None:
            logits_BC = logits_BC + self.bag.logits(features_BF)
        return np.asarray(log_softmax(logits_BC, axis=1), dtype=np.float32)

    def biased(self, bias_C: Floats) -> DomainClassifier:
        """The classifier with `bias_C` added to its logits."""
        return replace(self, maxent=replace(self.maxent, bias_C=self.maxent.bias_C + bias_C))
