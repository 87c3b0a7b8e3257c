"""The file of a domain classifier (DC), classifier.npz."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from polyparse.errors import ConfigError
from train.array_files import check_axes, read_arrays
from train.models.domain_classifier import DomainClassifier
from train.models.maxent import MaxEnt
from train.models.word_bag import WordBag

if TYPE_CHECKING:
    from pathlib import Path

MAXENT, BAG = ([field.name for field in fields(part)] for part in (MaxEnt, WordBag))
BAG_ONLY = "skipped"
"""Key of the number of features that only the bag reads."""


def arrays_of(model: DomainClassifier) -> dict[str, Any]:
    """What classifier.npz holds: the MaxEnt and, if there is one, the bag of words."""
    bag = {} if model.bag is None else {**vars(model.bag), BAG_ONLY: model.n_bag_only}
    return {**vars(model.maxent), **bag}


def load(path: Path) -> DomainClassifier:
    """Read what was made of `arrays_of`; raises ConfigError for anything else."""
    arrays = read_arrays(path)
    names = MAXENT if arrays.keys() == set(MAXENT) else [*MAXENT, *BAG]
    only = arrays.pop(BAG_ONLY, np.zeros((), dtype=np.int64))
    if only.ndim or only.dtype.kind != "i":
        raise ConfigError(f"{path}: {BAG_ONLY}: found {only.dtype}{only.shape}, expected an integer")
    check_axes(arrays, names, path=path)
    maxent = MaxEnt(**{name: arrays[name] for name in MAXENT})
    return DomainClassifier(
        maxent, None if names == MAXENT else WordBag(**{name: arrays[name] for name in BAG}), int(only)
    )
