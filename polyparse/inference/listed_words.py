"""What is a word in a bundle's languages, whether its model knows it or not: hashes of lists of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from polyparse.atomic import replacing
from polyparse.errors import ConfigError
from polyparse.inference.stored_arrays import read_rows
from polyparse.text.features import word_hash

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class ListedWords:
    """`hashes_W`, as `polyparse.text.features.word_hash` makes them, ascend."""

    hashes_W: NDArray[np.uint32]

    @classmethod
    def of(cls, words: Iterable[str]) -> ListedWords:
        """Of words in lower case."""
        return cls(np.unique(np.fromiter(map(word_hash, words), dtype=np.uint32)))

    def save(self, path: Path) -> None:
        """Write as .npz, whole or not at all."""
        with replacing(path) as file:
            np.savez(file, hashes_W=self.hashes_W)

    @classmethod
    def load(cls, path: Path) -> ListedWords:
        """Read what `save` wrote; raises ConfigError for anything else."""
        (hashes_W,) = read_rows(path, {"hashes_W": np.uint32}, expected="hashes of words")
        if not (hashes_W[1:] > hashes_W[:-1]).all():
            raise ConfigError(f"{path}: found hashes of words out of order, expected them ascending")
        return cls(hashes_W)
