"""Hashes of lists of words: written as they are read, and nothing else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.errors import ConfigError
from polyparse.inference.listed_words import ListedWords
from polyparse.text.features import word_hash

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def test_words_are_written_and_read(tmp_path: Path) -> None:
    listed = ListedWords.of(["night", "alarm", "night"])
    listed.save(tmp_path / "listed.npz")
    read = ListedWords.load(tmp_path / "listed.npz").hashes_W
    assert read.dtype == np.uint32
    assert read.tolist() == sorted({word_hash("night"), word_hash("alarm")})


@pytest.mark.parametrize(
    ("hashes", "message"),
    [
        (np.array([2, 1], dtype=np.uint32), "found hashes of words out of order, expected them ascending"),
        (np.array([1, 1], dtype=np.uint32), "out of order"),
        (np.array([1, 2], dtype=np.int64), r"hashes_W: found int64\(2,\), expected a row of uint32"),
        (np.array([[1, 2]], dtype=np.uint32), r"hashes_W: found uint32\(1, 2\), expected a row of uint32"),
    ],
)
def test_another_array_is_refused(hashes: NDArray[np.integer], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "listed.npz", hashes_W=hashes)
    with pytest.raises(ConfigError, match=message):
        ListedWords.load(tmp_path / "listed.npz")


def test_no_archive_is_refused(tmp_path: Path) -> None:
    tmp_path.joinpath("listed.npz").write_bytes(b"PK")
    with pytest.raises(ConfigError, match=r"listed\.npz: found no arrays"):
        ListedWords.load(tmp_path / "listed.npz")
