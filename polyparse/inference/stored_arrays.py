"""Archives of arrays in a bundle, read so that few bytes cannot become many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def read_stored(path: Path, names: Sequence[str], *, expected: str) -> list[NDArray[Any]]:
    """The arrays of these names of an .npz file; `expected` says in words what they are.

    Raises:
        ConfigError: one is not there, is compressed or pickled, or the file is no archive.
    """
    try:
        with path.open("rb") as file:
            _check_stored(file, path.stat().st_size)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (ValueError, TypeError, KeyError, EOFError, BadZipFile) as error:
        raise ConfigError(f"{path}: found no arrays ({error}), expected {expected}") from error


def read_rows(path: Path, dtypes: Mapping[str, type[Any]], *, expected: str) -> list[NDArray[Any]]:
    """The same of rows of numbers, by name and dtype; ConfigError too where one is no row, or of another dtype."""
    arrays = read_stored(path, tuple(dtypes), expected=expected)
    for array, (name, dtype) in zip(arrays, dtypes.items(), strict=True):
        if array.dtype != dtype or array.ndim != 1:
            raise ConfigError(
                f"{path}: {name}: found {array.dtype}{array.shape}, expected a row of {np.dtype(dtype)}"
            )
    return arrays


def _check_stored(file: BinaryIO, size: int) -> None:
    """Raise ValueError for members of an archive that are compressed: from few bytes they could make any number."""
    with ZipFile(file) as archive:
        for member in archive.infolist():
            if member.compress_type != ZIP_STORED or member.file_size > size:
                raise ValueError(
                    f"{member.filename} of {member.file_size} bytes in a file of {size}, expected it as it is"
                )
