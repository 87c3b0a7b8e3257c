"""Files of arrays and tensors that a run wrote, read back; one that is damaged is refused by its name, whatever is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

T = TypeVar("T")


def read_state(path: Path) -> dict[str, Any]:
    """What torch.save wrote: tensors, and whatever else a state has, by name; raises ConfigError for anything else."""
    state = _read(
        path, lambda: torch.load(path, map_location="cpu", weights_only=True), "what torch.save wrote"
    )
    if not isinstance(state, dict):
        raise ConfigError(f"{path}: found {type(state).__name__}, expected a state by name")
    return state


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an .npz file by name; raises ConfigError for anything else."""
    return _read(path, lambda: _archive(path), "arrays of NumPy's by name")


def read_array(path: Path) -> NDArray[Any]:
    """The array of an .npy file; raises ConfigError for anything else."""

    def read() -> NDArray[Any]:
        with path.open("rb") as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array

    return _read(path, read, "an array of NumPy's")


def check_axes(arrays: Mapping[str, NDArray[Any]], names: Sequence[str], *, path: Path) -> None:
    """Raise ConfigError unless there are arrays of numbers by these names, and no others, that agree on each axis's size.

    The axes are the letters that a name ends in: `weights_VC` and `bias_C` have the same C.
    """
    if arrays.keys() != set(names):
        raise ConfigError(f"{path}: found arrays {', '.join(arrays) or 'none'}, expected {', '.join(names)}")
    sizes: dict[str, int] = {}
    for name in names:
        array, axes = arrays[name], name.rpartition("_")[2]
        if array.dtype.kind not in "fiu" or array.ndim != len(axes):
            raise ConfigError(
                f"{path}: {name}: found {array.dtype}{array.shape}, expected {len(axes)} axes of numbers"
            )
        for axis, size in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise ConfigError(f"{path}: {name}: found {size} of {axis}, expected {sizes[axis]}")


def check_weights(weights: Mapping[str, Any], expected: Mapping[str, torch.Tensor], *, path: Path) -> None:
    """Raise ConfigError unless there are weights of these names and shapes, and no others."""
    for name in sorted(expected.keys() ^ weights.keys()):
        found = "no weights" if name in expected else "weights"
        raise ConfigError(f"{path}: found {found} {name!r}, expected those of the network that run.json says")
    for name, weight in expected.items():
        if not isinstance(found := weights[name], torch.Tensor):
            raise ConfigError(f"{path}: {name}: found {type(found).__name__}, expected numbers")
        if found.shape != weight.shape:
            raise ConfigError(
                f"{path}: {name}: found shape {tuple(found.shape)}, expected {tuple(weight.shape)}"
            )


def _archive(path: Path) -> dict[str, NDArray[Any]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return dict(archive)


def _read(path: Path, read: Callable[[], T], expected: str) -> T:
    """Damaged bytes make readers raise what they like; an OSError with a file's name is about the file itself."""
    try:
        return read()
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        reason = (str(error) or type(error).__name__).splitlines()[0].removesuffix(".")
        raise ConfigError(f"{path}: found no such content ({reason}), expected {expected}") from error
