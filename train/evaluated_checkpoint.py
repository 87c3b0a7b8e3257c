"""A finished run as a system to evaluate, for `polyparse evaluate --checkpoint`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from polyparse.errors import ConfigError, DeviceUnavailable
from polyparse.evaluation.system import EvaluatedSystem, routing_in_words
from train.checkpoint import Checkpoint
from train.finished import networks_of, parser_of
from train.models.heads.decoders import decoders_of

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.evaluation.system import Device
    from polyparse.inference.parser import Parser


def open_checkpoint(folder: Path, device: Device) -> EvaluatedSystem:
    """The system of a finished run of `polyparse train`; it accepts utterances of any locale.

    Raises:
        ConfigError: the folder holds no checkpoint, or one whose run has not ended.
        DeviceUnavailable: another device than the CPU was asked for.
    """
    if device == "cuda":
        raise DeviceUnavailable(
            "--device cuda: found a checkpoint, expected a bundle; a checkpoint runs on the CPU"
        )
    checkpoint = Checkpoint(folder)
    run = checkpoint.run()
    if not checkpoint.complete:
        raise ConfigError(f"{folder}: found a run that has not ended, expected measures.json in its folder")
    facts = {
        "Checkpoint": str(folder),
        "Slot decoding": run.config.joint.head,
        "Routing": routing_in_words(checkpoint.routing(), run.config.topology),
        "Recipe": f"{run.config.recipe}, seed {run.config.seed}",
        "Trained on": f"{run.corpus} ({', '.join(run.locales)})",
        "Trained by": f"commit {run.git_commit}, {run.created}",
        "Run by": "PyTorch on cpu",
    }
    title = f"{run.config.recipe}, checkpoint {folder.resolve().name}"
    names = decoders_of(networks_of(checkpoint)[0].head)
    decoders = {name: partial(_decoded_by, checkpoint, name) for name in names}
    return EvaluatedSystem(title, facts, parser_of(checkpoint), decoders)


def _decoded_by(checkpoint: Checkpoint, decoder: str) -> Parser:
    """The finished model with all of its heads' potentials decoded by one of `decoders_of` them."""
    networks = networks_of(checkpoint)
    for network in networks:
        network.head = decoders_of(network.head)[decoder]  # type: ignore[assignment]  # only its `decode` is called
    return parser_of(checkpoint, networks)
