"""The language screen, pure: whether a text is in none of the languages that a model serves.

Axes: B items, F features, L served languages, C columns of evidence (`polyparse.text.language`).

    logit of a language  = bias + step * (sum over the words of what they say of it)
    logit of none of them = by_feature * features + by_word * words + by_unknown * unknown words + bias
    score = P(none of them), by a softmax over all; 0 for a text with fewer than LEAST_WORDS words that bear evidence

A feature that the fit never saw raises the logit of none alone: that is how a language shows that the fit never saw either.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log, tanh
from typing import IO, TYPE_CHECKING, Literal

import numpy as np

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.stored_arrays import read_stored
from polyparse.text.language import LanguageTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.text.vectorizer import Item

    Floats = NDArray[np.float64]

LEAST_WORDS = 3
"""Fewer words are never refused for their language: a name or a loanword alone is not of one."""
NAMES = ("hashes_F", "weights_FL", "biases_L", "numbers")


@dataclass(frozen=True, eq=False, kw_only=True)
class LanguageScreen:
    """What each language's logit is made of; `step` is what a weight of 1 in the table stands for."""

    threshold: float
    table: LanguageTable
    step: float
    biases_L: Floats
    by_feature: float
    by_word: float
    by_unknown: float
    bias: float

    reason: Literal["language"] = "language"

    def __post_init__(self) -> None:
        """Raise ConfigError for a threshold that is none, or a number that is no number."""
        if not 0.0 <= self.threshold <= 1.0:
            raise ConfigError(f"threshold: found {self.threshold}, expected a number from 0 to 1")
        numbers = np.array([*self._numbers, *self.biases_L])
        if not np.isfinite(numbers).all():
            raise ConfigError(f"language screen: found {numbers.tolist()}, expected finite numbers")

    def scores(self, items: Sequence[Item]) -> list[float]:
        """How likely each text is in none of the languages.

        Raises:
            ConfigError: the items are of a vectorizer that does not ask its words for their language.
        """
        return [0.5 * (1.0 + tanh(0.5 * self.logit(self.table.summed(_asked(item))))) for item in items]

    def logit(self, sums_C: Sequence[int]) -> float:
        """The logit of a text's score, given its evidence; -infinity for a text of too few words."""
        *languages_L, features, words, unknown = sums_C
        if words < LEAST_WORDS:
            return -inf
        logits_L = [self.step * each + bias for each, bias in zip(languages_L, self._biases, strict=True)]
        largest = max(logits_L)
        served = largest + log(sum([exp(each - largest) for each in logits_L]))
        return (
            self.by_feature * features + self.by_word * words + self.by_unknown * unknown + self.bias - served
        )

    def in_words(self) -> str:
        """When it refuses, for the card."""
        return (
            f"refuses what is in none of the languages served, above {self.threshold:.4f} by the language screen; "
            f"never a text of fewer than {LEAST_WORDS} words"
        )

    def write(self, file: IO[bytes]) -> None:
        """Write as .npz; the same screen gives the same bytes."""
        np.savez(
            file,
            hashes_F=self.table.hashes_F,
            weights_FL=self.table.weights_FL,
            biases_L=self.biases_L,
            numbers=np.array([self.threshold, *self._numbers]),
        )

    def save(self, path: Path) -> None:
        """Write a file, whole or not at all."""
        with replacing(path) as file:
            self.write(file)

    @classmethod
    def load(cls, path: Path) -> LanguageScreen:
        """Read what `save` wrote; raises ConfigError for anything else."""
        arrays = read_stored(path, NAMES, expected="a language screen")
        hashes_F, weights_FL, biases_L, numbers = arrays
        expected = {
            "hashes_F": ("uint32", (hashes_F.size,)),
            "weights_FL": ("int8", (hashes_F.size, max(1, biases_L.size))),
            "biases_L": ("float64", (max(1, biases_L.size),)),
            "numbers": ("float64", (6,)),
        }
        for name, array in zip(NAMES, arrays, strict=True):
            dtype, shape = expected[name]
            if array.dtype != dtype or array.shape != shape:
                raise ConfigError(
                    f"{path}: {name}: found {array.dtype}{array.shape}, expected {dtype}{shape}"
                )
        if not len(hashes_F) or not (hashes_F[1:] > hashes_F[:-1]).all():
            raise ConfigError(f"{path}: hashes_F: found {len(hashes_F)}, expected some, in ascending order")
        threshold, step, by_feature, by_word, by_unknown, bias = numbers.tolist()
        return cls(
            threshold=threshold,
            table=LanguageTable(hashes_F, weights_FL),
            step=step,
            biases_L=biases_L,
            by_feature=by_feature,
            by_word=by_word,
            by_unknown=by_unknown,
            bias=bias,
        )

    @cached_property
    def _biases(self) -> list[float]:
        biases: list[float] = self.biases_L.tolist()
        return biases

    @property
    def _numbers(self) -> tuple[float, ...]:
        return self.step, self.by_feature, self.by_word, self.by_unknown, self.bias


def _asked(item: Item) -> list[bytes]:
    """What each word says of its language."""
    said = [word.language for word in item.words]
    if None in said:
        raise ConfigError(
            "language screen: found words that say nothing of their language, expected those of a vectorizer with its table"
        )
    return said  # type: ignore[return-value]  # no None is left
