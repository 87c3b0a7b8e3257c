"""Opens a bundle, as it serves, for `polyparse evaluate --bundle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.bundle.manifest import DECODE_HEADS
from polyparse.bundle.store import locate
from polyparse.evaluation.system import EvaluatedSystem, routing_in_words
from polyparse.runtime.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.evaluation.system import Device


def open_bundle(folder: Path, device: Device) -> EvaluatedSystem:
    """The bundle that serves in a folder of models, in one model's, or the bundle itself; every byte is verified.

    Raises:
        BundleError: there is no such bundle, or a file of it is wrong.
        DeviceUnavailable: the device asked for is absent.
    """
    located = locate(folder)
    loaded = load(located.bundle, digest=located.digest, device=device)
    manifest = loaded.manifest
    provenance = manifest.provenance
    facts = {
        "Model": manifest.name,
        "Version": manifest.version,
        "Digest (sha256)": loaded.digest,
        "Bundle": str(located.bundle),
        "Slot decoding": f"{manifest.decode_head}: {DECODE_HEADS[manifest.decode_head]}",
        "Routing": routing_in_words(manifest.routing, manifest.topology),
        "Confidences": "the model's own" if manifest.calibration is None else "calibrated on dev",
        "Refuses": "nothing" if manifest.ood is None else f"scores above {manifest.ood.threshold:g}",
        "Recipe": f"{provenance.recipe}, seed {provenance.seed}",
        "Trained on": provenance.data,
        "Trained by": f"commit {provenance.git_commit}, {provenance.created}",
        "Run by": f"ONNX Runtime on {loaded.device}",
    }
    return EvaluatedSystem(f"{manifest.name} {manifest.version}", facts, loaded.parser)
