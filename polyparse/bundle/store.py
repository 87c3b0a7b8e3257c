"""Folders of models: models/<name>/<version>/ is a bundle, models/<name>/state.json names the version that serves.

A bundle is immutable, and its digest is the sha256 of its manifest, which lists the sha256 of every other file.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from polyparse.bundle import manifest as manifests
from polyparse.bundle import state as states
from polyparse.errors import (
    BundleNotFound,
    ChecksumMismatch,
    DigestMismatch,
    FileMissing,
    FileUnlisted,
    ManifestInvalid,
)

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.bundle.manifest import FileRecord, Manifest


MOST_MANIFEST_BYTES = 8 * 1024 * 1024
"""Hundreds of times what a manifest has. It alone is read whole before its size is known."""


class Located(NamedTuple):
    """The folder of a bundle, and the digest that it must have, where a state.json names one."""

    bundle: Path
    digest: str | None


def digest(bundle: Path) -> str:
    """The sha256 of the manifest, which pins every byte of the bundle."""
    return hashlib.sha256(read(bundle / manifests.FILE)).hexdigest()


def record(file: Path) -> FileRecord:
    """The size and sha256 that a manifest lists for a file."""
    with file.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return manifests.FileRecord(size=file.stat().st_size, sha256=checksum)


def verify(bundle: Path, *, digest: str | None = None) -> Manifest:
    """Check every byte of a bundle and return its manifest.

    Raises:
        DigestMismatch, SchemaTooNew, ManifestInvalid: about the manifest, in this order.
        FileMissing, ChecksumMismatch, FileUnlisted: about the file that the error names.
    """
    file = bundle / manifests.FILE
    content = read(file)
    actual = hashlib.sha256(content).hexdigest()
    if digest is not None and actual != digest:
        raise DigestMismatch(f"found a manifest of sha256 {actual}, expected {digest}", file=file)
    manifest = manifests.parse(content, file=file)
    for name, expected in manifest.files.items():
        check(bundle / name, expected)
    for name in (manifests.FILE, *manifest.files):
        check_inside(bundle / name, bundle)
    present = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if not path.is_dir()}
    for name in sorted(present - set(manifest.files) - {manifests.FILE}):
        raise FileUnlisted("found a file that the manifest does not list", file=bundle / name)
    return manifest


def check(file: Path, expected: FileRecord) -> None:
    """Raise unless the file has the size and the sha256 expected."""
    if not file.is_file():
        raise FileMissing("found no such file, expected it because the manifest lists it", file=file)
    if (size := file.stat().st_size) != expected.size:
        raise ChecksumMismatch(f"found {size} bytes, expected {expected.size}", file=file)
    if (actual := record(file)) != expected:
        raise ChecksumMismatch(f"found sha256 {actual.sha256}, expected {expected.sha256}", file=file)


def check_inside(file: Path, bundle: Path) -> None:
    """Raise FileMissing for a link out of the bundle: what it leads to can change, or be gone where the bundle is copied."""
    if not (actual := file.resolve()).is_relative_to(bundle.resolve()):
        raise FileMissing(f"found a link to {actual}, out of the bundle, expected a file in it", file=file)


def content(file: Path, expected: FileRecord) -> bytes:
    """The bytes of a file, read once: they are what is checked, whatever happens to the file."""
    found = file.read_bytes()
    if (actual := hashlib.sha256(found).hexdigest()) != expected.sha256:
        raise ChecksumMismatch(f"found sha256 {actual}, expected {expected.sha256}", file=file)
    return found


def read(file: Path) -> bytes:
    """The bytes of a manifest; FileMissing where there is none, or a folder or a pipe, whose reader would wait.

    ManifestInvalid for more bytes than any manifest has.
    """
    if not file.is_file():
        raise FileMissing("found no manifest, expected a bundle's folder to hold one", file=file)
    if (size := file.stat().st_size) > MOST_MANIFEST_BYTES:
        raise ManifestInvalid(f"found {size} bytes, expected {MOST_MANIFEST_BYTES} at most", file=file)
    return file.read_bytes()


def locate(models: Path, name: str | None = None) -> Located:
    """The bundle that serves, given a folder of models, the folder of one model, or a bundle; see `find`."""
    folder = find(models, name)
    return Located(folder, None) if folder.joinpath(manifests.FILE).is_file() else serving(folder)


def find(models: Path, name: str | None = None) -> Path:
    """The folder of the model, given a folder of models or that of one model; a bundle itself, given one.

    Of several models in a folder, `name` chooses; without it, the only one with a state.json serves.
    """
    if name is not None:
        if name not in (names := models_in(models)):
            raise BundleNotFound(f"found {listed(names)}, expected a model named {name!r}", file=models)
        return models / name
    if models.joinpath(manifests.FILE).is_file() or is_model(models):
        return models
    names = models_in(models)
    candidates = [model for model in names if has_state(models / model)] or names
    if len(candidates) != 1:
        raise BundleNotFound(
            f"found {listed(candidates)}, expected one model that serves, or its name", file=models
        )
    return models / candidates[0]


def serving(model: Path) -> Located:
    """The bundle of a model: the one that its state.json names, else its only version; its manifest bears their names."""
    located = _serving(model)
    content = read(located.bundle / manifests.FILE)
    if located.digest in (
        None,
        hashlib.sha256(content).hexdigest(),
    ):  # Another digest is for `verify` to refuse.
        check_names(manifests.parse(content, file=located.bundle / manifests.FILE), located.bundle)
    return located


def check_names(manifest: Manifest, bundle: Path) -> None:
    """Raise ManifestInvalid unless a bundle in models/<name>/<version> says that it is this version of this model."""
    if (manifest.name, manifest.version) != (bundle.parent.name, bundle.name):
        raise ManifestInvalid(
            f"found {manifest.name}/{manifest.version}, expected its folder's name, {bundle.parent.name}/{bundle.name}",
            file=bundle / manifests.FILE,
        )


def _serving(model: Path) -> Located:
    if (state := states.read(model)) is not None:
        return Located(model / state.stable.version, state.stable.digest)
    versions = versions_in(model)
    if len(versions) != 1:
        raise BundleNotFound(
            f"found {listed(versions)}, expected {states.FILE} to name the version that serves", file=model
        )
    return Located(model / versions[0], None)


def models_in(models: Path) -> list[str]:
    """Names of the models in a folder of models, in order."""
    return sorted(path.name for path in folders(models) if is_model(path))


def versions_in(model: Path) -> list[str]:
    """Names of a model's versions, in order."""
    return sorted(path.name for path in folders(model) if path.joinpath(manifests.FILE).is_file())


def is_model(folder: Path) -> bool:
    """Whether a folder is a model's: it has a state.json, or at least one version."""
    return has_state(folder) or bool(versions_in(folder))


def has_state(folder: Path) -> bool:
    """Whether something stands where a state.json belongs, be it one or not."""
    return os.path.lexists(folder / states.FILE)


def folders(parent: Path) -> list[Path]:
    """The visible folders in a folder."""
    if not parent.is_dir():
        return []
    return [path for path in parent.iterdir() if path.is_dir() and not path.name.startswith(".")]


def listed(names: list[str]) -> str:
    """The names as a message lists them."""
    return ", ".join(names) or "nothing"
