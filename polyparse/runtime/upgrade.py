"""Rewrites a bundle of an earlier schema in the current one: the same graphs and weights, a new manifest."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.bundle import manifest as manifests
from polyparse.bundle import store
from polyparse.bundle.upgrade import FILE_NAMES
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from polyparse.runtime.load import load
from polyparse.runtime.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polyparse.bundle.manifest import Graphs, Manifest

CARD = "MODEL_CARD.md"


def upgrade(bundle: Path, out: Path) -> Manifest:
    """Write the bundle to the folder `out`, whose name is the new version; the bundle itself is left as it is.

    Raises:
        ConfigError: `out` exists, or cannot be written.
        BundleError: the bundle is not sound, or the new one does not give its golden frames.
    """
    if out.exists():
        raise ConfigError(f"{out}: found a file or folder, expected none: a bundle is never overwritten")
    check_folder(out.parent)
    manifest = store.verify(bundle)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / out.name
        folder.mkdir(mode=0o755)
        for name in manifest.files:
            target = folder / FILE_NAMES.get(name, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle / name, target)
        _retitle(folder / CARD, manifest, out.name)
        written = _manifest(manifest, folder, version=out.name)
        manifests.write(written, folder)
        load(folder, device="cpu").check_golden()
        folder.rename(out)
    return written


def _manifest(manifest: Manifest, folder: Path, *, version: str) -> Manifest:
    networks = (
        replace(network, graphs=_with_layout(network.graphs, manifest, folder))
        for network in manifest.networks
    )
    training_text = manifest.text.training_text
    return replace(
        manifest,
        version=version,
        networks=tuple(networks),
        text=replace(
            manifest.text, training_text=training_text and FILE_NAMES.get(training_text, training_text)
        ),
        files={
            name: store.record(folder / name)
            for name in sorted(FILE_NAMES.get(file, file) for file in manifest.files)
        },
    )


def _with_layout(graphs: Mapping[str, Graphs], manifest: Manifest, folder: Path) -> dict[str, Graphs]:
    """The graphs, with the layout from a score graph's metadata where the manifest does not say it."""

    def layout(each: Graphs) -> Graphs:
        if each.layout is not None:
            return each
        session = Session(folder / each.score, manifest.tensors[each.score], device="cpu")
        return replace(each, layout="packed" if session.is_packed else "padded")

    return {device: layout(each) for device, each in graphs.items()}


def _retitle(card: Path, manifest: Manifest, version: str) -> None:
    """Put the new version into the card's first line."""
    if card.exists():
        title = f"# {manifest.name} "
        text = card.read_text(encoding="utf-8")
        card.write_text(text.replace(title + manifest.version, title + version, 1), encoding="utf-8")
