"""Which version of a model serves: promote one, or go back to the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.state import DesiredState, Pointer
from polyparse.errors import BundleNotFound, ManifestInvalid

if TYPE_CHECKING:
    from pathlib import Path


def promote(model: Path, version: str) -> DesiredState:
    """Verify a version and let it serve; if it serves already, nothing changes. Raises BundleError."""
    if version not in (versions := bundles.versions_in(model)):
        raise BundleNotFound(f"found {bundles.listed(versions)}, expected a version {version!r}", file=model)
    bundle = model / version
    manifest = bundles.verify(bundle)
    if (manifest.name, manifest.version) != (model.name, version):
        raise ManifestInvalid(
            f"found {manifest.name}/{manifest.version}, expected its folder's name, {model.name}/{version}",
            file=bundle / MANIFEST,
        )
    current = states.read(model)
    stable = Pointer(version, bundles.digest(bundle))
    if current is not None and current.stable == stable:
        return current
    return _write_next(model, current, stable)


def rollback(model: Path) -> DesiredState:
    """Verify the version that served before and let it serve again; a second rollback undoes the first."""
    current = states.read(model)
    if current is None or current.previous is None:
        versions = "no state" if current is None else f"{current.stable.version!r} and none before it"
        raise BundleNotFound(
            f"found {versions}, expected an earlier version to go back to", file=model / states.FILE
        )
    bundles.verify(model / current.previous.version, digest=current.previous.digest)
    return _write_next(model, current, current.previous)


def _write_next(model: Path, current: DesiredState | None, stable: Pointer) -> DesiredState:
    state = states.next_state(current, stable)
    states.write(model, state)
    return state
