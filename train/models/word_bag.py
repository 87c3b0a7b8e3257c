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

from polyparse.bounds import NOT_NEGATIVE, POSITIVE, SHARE, check_bounds

if TYPE_CHECKING:
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
