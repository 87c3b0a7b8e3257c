"""What a word by itself says of the language that a text is in: for each served language a number, summed over its features.

Axes: F features that are kept, L served languages, C = L + 3 columns of evidence, N features of one word.

    evidence of a word = (sum over its features of weights_FL, how many features it has, 1, whether it is unknown), as int32

The features are those of `polyparse.text.features`: the word and the n-grams of ^word$, by their hashes. One that is not
kept adds to their number alone; a word that is none of those kept is unknown. So a word of which little is known speaks for
none of the languages. The evidence of a text is the sum over its words. What has no letter, or a digit, and what is an
address, bears none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.text.addresses import class_of
from polyparse.text.features import word_features

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EVIDENCE = np.dtype("<i4")
NO_EVIDENCE = b""
"""Of a word that bears none."""
BESIDE_LANGUAGES = 3
"""Columns of evidence that are no language's: how many features, words, unknown words."""


def bears_evidence(word: str) -> bool:
    """Whether a token is a word of some language, as far as its characters say: letters, no digits, no address."""
    return any(map(str.isalpha, word)) and not any(map(str.isdigit, word)) and class_of(word) is None


@dataclass(frozen=True, eq=False)
class LanguageTable:
    """`hashes_F` are those of the features that are kept, at least one, ascending; `weights_FL` are for each language."""

    hashes_F: NDArray[np.uint32]
    weights_FL: NDArray[np.int8]

    @property
    def n_languages(self) -> int:
        """How many languages are served."""
        return int(self.weights_FL.shape[1])

    def evidence(self, word: str, features: Sequence[int] | None = None) -> bytes:
        """The evidence of a token: EVIDENCEs of C columns, end to end; NO_EVIDENCE where it bears none.

        `features` are `word_features(word)`, where they are there already.
        """
        if not bears_evidence(word):
            return NO_EVIDENCE
        hashes_N = np.array(features or word_features(word), dtype=np.uint32)  # the word's own first
        places_N = self.hashes_F.searchsorted(hashes_N)
        places_N[places_N == len(self.hashes_F)] = 0
        is_kept_N = self.hashes_F[places_N] == hashes_N
        evidence_C = np.ones(self.n_languages + BESIDE_LANGUAGES, dtype=EVIDENCE)
        evidence_C[:-BESIDE_LANGUAGES] = self.weights_FL[places_N[is_kept_N]].sum(axis=0, dtype=EVIDENCE)
        evidence_C[-BESIDE_LANGUAGES] = len(hashes_N)
        evidence_C[-1] = not is_kept_N[0]
        return evidence_C.tobytes()

    def summed(self, evidence: Iterable[bytes]) -> list[int]:
        """The evidence of a text, given that of its words: C sums, whatever the order of the words.

        Of few words, in plain numbers: an array for each sum would take several times as long.
        """
        columns = zip(*self._row.iter_unpack(b"".join(evidence)), strict=True)
        return [*map(sum, columns)] or [0] * (self.n_languages + BESIDE_LANGUAGES)

    @cached_property
    def _row(self) -> Struct:
        """The evidence of a word."""
        return Struct(f"<{self.n_languages + BESIDE_LANGUAGES}i")
