"""Initialising a run from a finished one, or from a bundle: its text tables, its domain classifier, its networks' weights.

Without a transfer plan, parameters are copied by name: a first-order AIN head starts from the potentials of a CRF, which
have the same names. A bundle has no tables and classifier for another run to go on with: what starts from it has a plan.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import torch

from polyparse.errors import ConfigError
from train.bundle_start import BundleStart
from train.start import labels_of, vocabulary_of
from train.training.transfer import RowNames, TransferSource

if TYPE_CHECKING:
    from torch import nn

    from polyparse.contract.labels import Labels
    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.start import Start

WITHOUT_PLAN = (
    "a bundle, but no transfer plan (`init`) that says what to take of it, expected a recipe with one, as few"
)
TABLES = ("classifier.npz", "features.npy", "outside_vectors.npz", "word_pieces.npz", "vocabulary.json")
"""In this order: the last one means that all of them exist."""


def check_start(config: RunConfig, start: Start | None) -> None:
    """Refuse a start without finished joint networks, and a transfer plan without one or from a network for each domain."""
    if config.init and start is None:
        raise ConfigError("init: found a transfer plan in a run without --start, expected one with it")
    if config.init and config.topology != "shared":
        raise ConfigError(
            "init: found a transfer plan between networks for each domain, expected shared ones"
        )
    if start is not None and not (config.init and isinstance(start, BundleStart)):
        _check_run(config, finished_run(start))


def _check_run(config: RunConfig, start: Checkpoint) -> None:
    if not start.complete:
        raise ConfigError(f"--start {start.folder}: found an unfinished run, expected a finished one")
    if (recipe := start.run().config).token_crf is not None:
        raise ConfigError(
            f"--start {start.folder}: found recipe {recipe.recipe}, expected one with a joint network"
        )
    if config.init and recipe.topology != "shared":
        raise ConfigError(
            "init: found a transfer plan between networks for each domain, expected shared ones"
        )


def source_of(start: Start) -> TransferSource:
    """What a transfer plan takes from; `check_start` has seen that there is one network."""
    weights = start.weights() if isinstance(start, BundleStart) else start.read("network-0")
    return TransferSource(weights, RowNames(vocabulary_of(start), labels_of(start)))


def finished_run(start: Start) -> Checkpoint:
    """The run that is gone on with, without a transfer plan; ConfigError for a bundle."""
    if isinstance(start, BundleStart):
        raise ConfigError(f"--start {start.folder}: found {WITHOUT_PLAN}")
    return start


def copy_tables(checkpoint: Checkpoint, start: Checkpoint, labels: Labels) -> None:
    """Copy vocabulary, feature table and classifier.

    Raises:
        ConfigError: `start` has other labels, so that its weights would have another meaning.
    """
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
    weights = start.find(f"network-{index}")
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
