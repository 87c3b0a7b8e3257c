"""How foreign the words of an utterance are to a model's domains, pure: what each word says of it, summed.

    foreign words = sum over tokens of weight(word) / sqrt(tokens)

A weight is a word's log odds of standing in a text that no domain covers; a word that has none weighs what words do that
neither the corpus nor the lists of foreign texts had. It is a signal of the out-of-domain score.

Axes: B utterances, T tokens, U distinct words of the batch (0 is padding), W words with a weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.stored_arrays import read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from polyparse.inference.ood import Evidence
    from polyparse.text.vectorizer import Batch

Floats = NDArray[np.float64]

ARRAYS = {"hashes_W": np.uint32, "weights_W": np.float16, "unknown": np.float16}


@dataclass(frozen=True, eq=False)
class ForeignWords:
    """`hashes_W`, as `polyparse.text.features.word_hash` makes them, ascend; `unknown` is the weight of all other words.

    Weights are float16: in float64 their sums are exact, and so depend on neither order nor padding.
    """

    hashes_W: NDArray[np.uint32]
    weights_W: NDArray[np.float16]
    unknown: float

    def compare(self, batch: Batch, evidence: Evidence) -> Evidence:
        """The evidence, completed with what the words say."""
        return replace(evidence, foreign_words_B=self.sums(batch))

    def sums(self, batch: Batch) -> Floats:
        """What the words of each utterance say, shape (B,); each has a token at least."""
        weight = self._weights.get
        weights_U = [0.0, *[weight(word.hash, self.unknown) for word in batch.distinct]]
        weights_BT = [[weights_U[word] for word in words] for words in batch.words_BT.tolist()]
        lengths: list[int] = batch.lengths_B.tolist()
        return np.array([sum(row) / sqrt(length) for row, length in zip(weights_BT, lengths, strict=True)])

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all."""
        unknown = np.array([self.unknown], dtype=np.float16)
        with replacing(path) as file:
            np.savez(file, hashes_W=self.hashes_W, weights_W=self.weights_W, unknown=unknown)

    @classmethod
    def load(cls, path: Path) -> ForeignWords:
        """Read what `save` wrote; raises ConfigError for anything else."""
        hashes_W, weights_W, unknown = read_rows(path, ARRAYS, expected="hashes and weights of words")
        if len(hashes_W) != len(weights_W) or not (hashes_W[1:] > hashes_W[:-1]).all():
            raise ConfigError(
                f"{path}: found {len(hashes_W)} hashes and {len(weights_W)} weights, expected one each, ascending"
            )
        if len(unknown) != 1 or not (np.isfinite(unknown).all() and np.isfinite(weights_W).all()):
            raise ConfigError(f"{path}: found weights that are no numbers, expected finite ones")
        return cls(hashes_W, weights_W, float(unknown[0]))

    @cached_property
    def _weights(self) -> dict[int, float]:
        weights: Sequence[float] = self.weights_W.tolist()
        return dict(zip(self.hashes_W.tolist(), weights, strict=True))
