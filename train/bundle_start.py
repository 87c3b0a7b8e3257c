"""A bundle as the start of a run: whoever has one can train from its encoder and its word vectors, without the run it is of.

Its weights are those that serve, rounded to the bytes they are stored in. Its classifier, its routing and its calibration
are of its own labels, and are not taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it brings no types

from polyparse.bundle import store
from polyparse.bundle.manifest import FILE, Manifest
from polyparse.errors import ConfigError
from polyparse.text.tokens import RULES
from polyparse.text.vocabulary import Vocabulary
from train.graph_weights import parameters_of

if TYPE_CHECKING:
    from polyparse.contract.labels import Labels

DEVICE = "cpu"
"""The graphs of every device have the same parameters."""
SECONDS_PER_MINUTE = 60.0


@dataclass(frozen=True)
class BundleStart:
    """A verified bundle of one network over embedded words."""

    folder: Path
    manifest: Manifest

    @property
    def recipe(self) -> str:
        """What its network was trained by."""
        return self.manifest.provenance.recipe

    @property
    def labels(self) -> Labels:
        """Its labels."""
        return self.manifest.labels

    def seconds(self) -> dict[str, float] | None:
        """Absolute folder -> processor seconds of its training; None where the bundle does not say."""
        minutes = self.manifest.provenance.training_minutes
        return None if minutes is None else {str(self.folder.resolve()): minutes * SECONDS_PER_MINUTE}

    def vocabulary(self) -> Vocabulary:
        """What the rows of its tables of words and characters are called."""
        return Vocabulary.load(self.folder / self.manifest.text.vocabulary)

    def weights(self) -> dict[str, torch.Tensor]:
        """The parameters of its network by name, as float32; ConfigError for a graph that is none."""
        graphs = self.manifest.networks[0].graphs[DEVICE]
        weights: dict[str, torch.Tensor] = {}
        for file in filter(None, (graphs.embed, graphs.score, graphs.decode)):
            path = self.folder / file
            try:
                model = onnx.load(path)
            except DecodeError as error:
                raise ConfigError(f"{path}: found no graph ({error}), expected one of ONNX") from None
            weights |= {name: torch.from_numpy(array) for name, array in parameters_of(model).items()}
        return weights


def is_bundle(folder: Path) -> bool:
    """Whether a folder holds a bundle, and not a run."""
    return (folder / FILE).is_file()


def open_bundle(folder: Path) -> BundleStart:
    """Verify a bundle to start from.

    Raises:
        BundleError: a file is missing or changed; it is named.
        ConfigError: its words were made by other rules, or it has no network whose blocks can be taken.
    """
    manifest, where = store.verify(folder), f"--start {folder}"
    if manifest.text.rules != RULES:
        raise ConfigError(
            f"{where}: found a bundle of text rules {manifest.text.rules}, expected {RULES};"
            " `polyparse models upgrade` writes it anew"
        )
    if manifest.topology != "shared":
        raise ConfigError(
            f"{where}: found a bundle with a network for each domain, expected one of one network"
        )
    if manifest.text.token_features is not None:
        raise ConfigError(f"{where}: found a bundle of a CRF over features, expected one of a joint network")
    return BundleStart(folder, manifest)
