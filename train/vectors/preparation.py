"""What is done to the vectors of a language before it is aligned: unit length, and the mean at the origin.

Axes: V words, E word vector.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from train.embeddings.word_space import WordSpace

    Floats = NDArray[np.float32]

MIN_LENGTH = 1e-9  # a shorter vector is a rounding error


def unit(vectors_VE: Floats) -> Floats:
    """The vectors at unit length; one of length 0 stays as it is."""
    lengths_V = np.linalg.norm(vectors_VE, axis=1, keepdims=True)
    return np.asarray(vectors_VE / np.where(lengths_V > MIN_LENGTH, lengths_V, 1.0), dtype=np.float32)


def centred(vectors_VE: Floats) -> Floats:
    """The vectors without their mean."""
    return np.asarray(vectors_VE - vectors_VE.mean(axis=0, dtype=np.float64), dtype=np.float32)


PREPARATIONS: Mapping[str, Sequence[Callable[[Floats], Floats]]] = {
    "unit": (unit,),
    "centred": (unit, centred, unit),
}
"""Name -> its steps, in order. What is aligned is compared by cosines, so that vectors have unit length in the end."""


def prepared(space: WordSpace, name: str) -> WordSpace:
    """The space after the steps of a preparation; `name` is a key of PREPARATIONS."""
    vectors_VE = space.vectors_VE
    for step in PREPARATIONS[name]:
        vectors_VE = step(vectors_VE)
    return replace(space, vectors_VE=vectors_VE)
