"""Starting a run from another one's finished checkpoint: its text tables, its domain classifier, its networks' weights.

A head takes over what has the same name and shape: a CRF and a first-order AIN have the same potentials.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import torch

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn

    from polyparse.contract.labels import Labels
    from train.checkpoint import Checkpoint

TABLES = (
    "classifier.npz",
    "features.npy",
    "vocabulary.json",
)  # in this order: the last says that all are there


def adopt_tables(checkpoint: Checkpoint, start: Checkpoint, labels: Labels) -> None:
    """Copy vocabulary, feature table and classifier.

    Raises:
        ConfigError: `start` is not finished, or knows other labels, whose weights would mean something else here.
    """
    if not start.complete:
        raise ConfigError(f"--start {start.folder}: found an unfinished run, expected a finished one")
    if start.labels() != labels:
        raise ConfigError(
            f"--start {start.folder}: found other labels than the corpus and scheme give, expected the same"
        )
    for name in TABLES:
        if (start.folder / name).exists():
            shutil.copyfile(start.folder / name, checkpoint.folder / name)


def adopt_weights(network: nn.Module, start: Checkpoint, index: int) -> list[str]:
    """Copy network `index`'s parameters of the same name and shape; returns the names of those that were not found.

    Raises:
        ConfigError: a parameter has another shape there, so that the sizes of the two configs differ.
    """
    weights = start.load_torch(f"network-{index}") or {}
    missing = []
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name not in weights:
                missing.append(name)
            elif weights[name].shape != parameter.shape:
                raise ConfigError(
                    f"--start {start.folder}: {name}: found shape {tuple(weights[name].shape)}, "
                    f"expected {tuple(parameter.shape)}"
                )
            else:
                parameter.copy_(weights[name])
    return missing
