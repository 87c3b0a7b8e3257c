"""Sizes that repeat: on a device a batch is padded up to one of a few sizes along each axis that varies.

A device allocates for a new shape, loads kernels for it and chooses among them, which takes longer than the run itself;
padding costs it little, for it runs beside the rest. The letter of an axis is its name in the manifest's shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Axes = Sequence[str | int]


class Rule(NamedTuple):
    """The least size of an axis, and whether there is one between two powers of two: three quarters of the larger."""

    least: int
    has_quarters: bool = False


RULES: Mapping[str, Rule] = {
    "B": Rule(1),
    "T": Rule(4, has_quarters=True),  # a recurrence takes a step for each: what is too long costs time
    "U": Rule(32),
    "C": Rule(16),
    "F": Rule(64),
    "L": Rule(16),
}
"""B sequences, T tokens, U distinct words, C characters, F features of an utterance, L those of a token."""


def bucket(axis: str, size: int) -> int:
    """The size up to which so many entries are padded; an axis without a rule keeps its size."""
    if axis not in RULES:
        return size
    least, has_quarters = RULES[axis]
    if size <= least:
        return least
    power = 1 << (size - 1).bit_length()
    return power * 3 // 4 if has_quarters and size <= power * 3 // 4 else power


def buckets(axis: str, most: int) -> Iterator[int]:
    """Every size up to which 1 to `most` entries may be padded, the least first."""
    size = 0
    while size < most:
        size = bucket(axis, size + 1)
        yield size


def pad(name: str, array: NDArray[Any], axes: Axes) -> NDArray[Any]:
    """The input with every axis padded to its bucket.

    A sequence that fills the batch up has one token, the batch's first word, whose one tag is the first ("O"): a graph works
    on it as on any other, finds its path sure, and divides by no length of zero.
    """
    sizes = [bucket(str(axis), size) for axis, size in zip(axes, array.shape, strict=True)]
    if sizes == list(array.shape):
        return array
    padded = np.zeros(sizes, dtype=array.dtype)
    padded[tuple(slice(size) for size in array.shape)] = array
    if name in HAVE_A_TOKEN:
        padded.reshape(len(padded), -1)[len(array) :, 0] = 1
    return padded


HAVE_A_TOKEN = ("lengths_B", "words_BT", "allowed_BK")
"""Inputs that have 1 in the first place of an entry that fills the batch up; all else of it is 0."""
