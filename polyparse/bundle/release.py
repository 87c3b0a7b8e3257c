"""Which version of a model serves: promote one, or go back to the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.state import Pointer, State
from polyparse.errors import BundleNotFound, ManifestInvalid

if TYPE_CHECKING:
    from pathlib import Path


def promote(model: Path, version: str) -> State:
    """Verify a version and let it serve; promoting what serves changes nothing. Raises BundleError."""
    if version not in (found := bundles.versions_in(model)):
        raise BundleNotFound(f"found {bundles.listed(found)}, expected a version {version!r}", file=model)
    bundle = model / version
    manifest = bundles.verify(bundle)
    if (manifest.name, manifest.version) != (model.name, version):
        raise ManifestInvalid(
            f"found {manifest.name}/{manifest.version}, expected its folder's name, {model.name}/{version}",
            file=bundle / MANIFEST,
        )
    now = states.read(model)
    pinned = bundles.digest(bundle)
    if now is not None and (now.version, now.digest) == (version, pinned):
        return now
    return replace(model, now, Pointer(version, pinned))


def rollback(model: Path) -> State:
    """Verify the version that served before and let it serve again; a second rollback undoes the first."""
    now = states.read(model)
    if now is None or now.previous is None:
        found = "no state" if now is None else f"{now.version!r} and none before it"
        raise BundleNotFound(
            f"found {found}, expected an earlier version to go back to", file=model / states.FILE
        )
    bundles.verify(model / now.previous.version, digest=now.previous.digest)
    return replace(model, now, now.previous)


def replace(model: Path, now: State | None, then: Pointer) -> State:
    """Write the next state, what served until now being its previous."""
    previous = None if now is None else Pointer(now.version, now.digest)
    state = State(then.version, then.digest, previous)
    states.write(model, state)
    return state
