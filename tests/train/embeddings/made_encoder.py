"""A small encoder that is made for tests: a word's vector says its meaning, which a table gives, and not its language."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

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

    def _vector(self, meaning: str) -> NDArray[np.float32]:
        drawn_S = np.random.default_rng(crc32(meaning.encode())).normal(size=SIZE)
        return (drawn_S / np.linalg.norm(drawn_S)).astype(np.float32)


def made_list(language: str, limit: int) -> list[str]:
    """Words that no test corpus has, by their frequency, after one that every corpus has."""
    return {"en": ["alarm", "kettle", "harbour", "don't"], "es": ["alarma", "tetera", "puerto"]}[language][
        :limit
    ]
