"""What is evaluated: a bundle under ONNX Runtime or a checkpoint under PyTorch, both as items in and frames out.

Neither runtime is imported before a subject needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from model_export.bundle.card import HEADS
from polyparse.bundle.store import locate
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError, DeviceUnavailable, UnknownLocale
from polyparse.inference.pipeline import Outcome
from polyparse.text.vectorizer import Item

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.routing import Routing

Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Subject:
    """A model that answers; `facts` say which it is and how its frames are made, in words."""

    title: str
    facts: Mapping[str, str]
    resolve_locale: Callable[[str | None], str | None]
    prepare: Callable[[Utterance], Item]
    run: Callable[[Sequence[Item]], Outcome]

    def served(self, locale: str) -> str | None:
        """The locale to ask for: None, which stands for any, where the model serves no such language."""
        try:
            return self.resolve_locale(locale)
        except UnknownLocale:
            return None


def open_bundle(folder: Path, device: Device) -> Subject:
    """The bundle that serves in a folder of models, in one model's, or the bundle itself; every byte is verified.

    Raises:
        BundleError: there is no such bundle, or a file of it is wrong.
        DeviceUnavailable: the device asked for is absent.
    """
    from polyparse.runtime.load import Parser  # noqa: PLC0415 - a checkpoint needs no ONNX Runtime

    located = locate(folder)
    parser = Parser.load(located.bundle, digest=located.digest, device=device)
    manifest = parser.manifest
    provenance = manifest.provenance
    facts = {
        "Model": manifest.name,
        "Version": manifest.version,
        "Digest (sha256)": parser.digest,
        "Bundle": str(located.bundle),
        "Slot decoding": f"{manifest.decode_head}: {HEADS[manifest.decode_head]}",
        "Routing": in_words(manifest.routing, manifest.topology),
        "Confidences": "the model's own" if manifest.calibration is None else "calibrated on dev",
        "Refuses": "nothing"
        if manifest.rejection is None
        else f"scores above {manifest.rejection.threshold:g}",
        "Recipe": f"{provenance.recipe}, seed {provenance.seed}",
        "Trained on": provenance.data,
        "Trained by": f"commit {provenance.git_commit}, {provenance.created}",
        "Run by": f"ONNX Runtime on {parser.device}",
    }
    title = f"{manifest.name} {manifest.version}"
    return Subject(title, facts, parser.resolve_locale, parser.prepare, parser.run)


def open_checkpoint(folder: Path, device: Device) -> Subject:
    """A finished run of `polyparse train`; it answers in whatever locale it is asked.

    Raises:
        ConfigError: the folder holds no checkpoint, or one whose run has not ended.
        DeviceUnavailable: another device than the CPU was asked for.
    """
    from train.checkpoint import Checkpoint  # noqa: PLC0415 - a bundle needs no PyTorch

    if device == "cuda":
        raise DeviceUnavailable(
            "--device cuda: found a checkpoint, expected a bundle; a checkpoint runs on the CPU"
        )
    checkpoint = Checkpoint(folder)
    run = checkpoint.run()
    if not checkpoint.complete:
        raise ConfigError(f"{folder}: found a run that has not ended, expected measures.json in its folder")
    vectorizer, pipeline = checkpoint.pipeline()
    facts = {
        "Checkpoint": str(folder),
        "Slot decoding": run.config.joint.head,
        "Routing": in_words(checkpoint.routing(), run.config.topology),
        "Recipe": f"{run.config.recipe}, seed {run.config.seed}",
        "Trained on": f"{run.corpus} ({', '.join(run.locales)})",
        "Trained by": f"commit {run.git_commit}, {run.created}",
        "Run by": "PyTorch on cpu",
    }
    title = f"{run.config.recipe}, checkpoint {folder.resolve().name}"
    return Subject(title, facts, lambda locale: locale, vectorizer.item, pipeline.run)


def in_words(routing: Routing, topology: str) -> str:
    """How a model comes to a domain and an intent."""
    if routing.classifier == "none":
        return f"{topology} network, without a domain classifier"
    mixed = routing.kind == "soft" and topology == "shared"
    weight = f", lambda {routing.joint_weight:g} on the joint network" if mixed else ""
    kind = routing.kind if topology == "shared" else "hard"
    return f"{kind}{weight}, domain classifier over {routing.classifier}, {topology} network"
