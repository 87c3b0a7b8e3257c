"""A small encoder that is made for tests: a word's vector says its meaning, which a table gives, and not its language."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import torch

from train.models.pretrained import PIECE_SIZE, SentenceLayers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

SIZE = 16


class MadeEncoder:
    """Reads English and Spanish; `meanings` has words that mean the same as another one."""

    languages = frozenset({"en", "es"})

    def __init__(self, meanings: Mapping[str, str] | None = None) -> None:
        self._meanings = meanings or {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (N, SIZE), drawn by the meaning."""
        return np.array([self._vector(self._meanings.get(text, text)) for text in texts]).reshape(-1, SIZE)

    begin_end_unknown = (1, 2, 0)

    def pieces(self, text: str) -> list[int]:
        """Of three letters of a word's meaning each."""
        words = [self._meanings.get(word, word) for word in text.split()]
        cut = [word[start : start + 3] for word in words for start in range(0, len(word), 3)]
        return [3 + crc32(piece.encode()) % 100_000 for piece in cut]

    def piece_vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Drawn by the id, shape (N, PIECE_SIZE)."""
        drawn = [np.random.default_rng(each).normal(size=PIECE_SIZE) for each in ids]
        return np.array(drawn, dtype=np.float32).reshape(-1, PIECE_SIZE)

    def layers(self) -> dict[str, NDArray[np.float32]]:
        """As torch draws them."""
        with torch.random.fork_rng():
            torch.manual_seed(5)
            return {name: weights.numpy() for name, weights in SentenceLayers().state_dict().items()}

    def _vector(self, meaning: str) -> NDArray[np.float32]:
        drawn_S = np.random.default_rng(crc32(meaning.encode())).normal(size=SIZE)
        return (drawn_S / np.linalg.norm(drawn_S)).astype(np.float32)


def made_list(language: str, limit: int) -> list[str]:
    """Words that no test corpus has, by their frequency, after one that every corpus has."""
    return {"en": ["alarm", "kettle", "harbour", "don't"], "es": ["alarma", "tetera", "puerto"]}[language][
        :limit
    ]
