"""A language screen by hand: words that it knows speak for the one language served, all others for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyparse.inference.language import LanguageScreen
from polyparse.text.features import word_hash
from polyparse.text.language import LanguageTable

if TYPE_CHECKING:
    from collections.abc import Iterable


def screen_of(words: Iterable[str], *, threshold: float = 0.5) -> LanguageScreen:
    """The score is sigmoid(4 * (unknown words - known words)), or 0 for fewer than three words."""
    hashes_F = np.unique(np.array([word_hash(word) for word in words], dtype=np.uint32))
    weights_FL = np.full((len(hashes_F), 1), 8, dtype=np.int8)
    return LanguageScreen(
        threshold=threshold,
        table=LanguageTable(hashes_F, weights_FL),
        step=0.5,
        biases_L=np.zeros(1),
        by_feature=0.0,
        by_word=0.0,
        by_unknown=4.0,
        bias=0.0,
    )
