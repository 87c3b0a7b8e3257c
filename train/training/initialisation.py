"""Initialising a run from the checkpoint of a finished one: its text tables, its domain classifier, its networks' weights.

Parameters are copied by name: a first-order AIN head starts from the potentials of a CRF, which have the same names.
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

TABLES = ("classifier.npz", "features.npy", "vocabulary.json")
"""In this order: the last one means that all of them exist."""


def copy_tables(checkpoint: Checkpoint, start: Checkpoint, labels: Labels) -> None:
    """Copy vocabulary, feature table and classifier.

    Raises:
        ConfigError: `start` is not finished, or has other labels, so that its weights would have another meaning.
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


def copy_weights(network: nn.Module, start: Checkpoint, index: int) -> list[str]:
    """Copy the parameters of network number `index` of `start` by name; returns the names that it does not have.

    Raises:
        ConfigError: a parameter has another shape there, because the sizes in the two configs differ.
    """
    weights = start.load_torch(f"network-{index}")
    if weights is None:
        raise ConfigError(f"--start {start.folder}: found no network-{index}.pt, expected a finished run")
    missing = []
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name not in weights:
                missing.append(name)
            elif (shape := tuple(getattr(weights[name], "shape", ()))) != parameter.shape:
                raise ConfigError(
                    f"--start {start.folder}: {name}: found shape {shape}, expected {tuple(parameter.shape)}"
                )
            else:
                parameter.copy_(weights[name])
    return missing
