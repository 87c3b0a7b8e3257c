"""The domain classifier as one model: a MaxEnt over n-grams and, where the config asks for it, a bag of aligned words.

Axes: B utterances, F features of one utterance, C classes. Rows of the feature table: those of words that the bag alone has
(`skipped` of them), of words that both have, and of what the MaxEnt alone has. So each has rows side by side, and the words
of an utterance are looked up once.

    log P(class) = log-softmax(logits of the MaxEnt + logits of the bag)

which is their logarithmic opinion pool, the shares of the two being in their weights.
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
    """`maxent` has rows from `skipped` on, its row 0 at each before; `bag` has the first rows."""

    maxent: MaxEnt
    bag: WordBag | None = None
    skipped: int = 0

    @property
    def n_classes(self) -> int:
        """C."""
        return len(self.maxent.bias_C)

    @property
    def n_numbers(self) -> int:
        """How many trained numbers it has."""
        parts = [self.maxent.weights_VC, self.maxent.bias_C, *(vars(self.bag).values() if self.bag else [])]
        return sum(part.size for part in parts)

    def log_probs(self, features_BF: NDArray[np.int64]) -> Floats:
        """log P(class | utterance), shape (B, C)."""
        logits_BC = self.maxent.logits(np.maximum(features_BF - self.skipped, 0))
        if self.bag is not None:
            logits_BC = logits_BC + self.bag.logits(features_BF)
        return np.asarray(log_softmax(logits_BC, axis=1), dtype=np.float32)

    def biased(self, bias_C: Floats) -> DomainClassifier:
        """With `bias_C` added to the logits."""
        return replace(self, maxent=replace(self.maxent, bias_C=self.maxent.bias_C + bias_C))
