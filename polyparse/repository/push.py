"""A bundle from a folder into a repository: its manifest comes last, so that until then there is no version.

    claim of the version, by digest -> is it free? -> each file -> manifest -> the claim goes

The claim is an object beside the versions. Of two who push different bundles under one version at the same moment, one has
it, and the other writes nothing that the first one's bundle is made of. Whoever finds no manifest once the claim is there is
the only one to write, with others who push the same bytes.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from polyparse.bundle import manifest as manifests
from polyparse.bundle import store as bundles
from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import BundleNotFound, ManifestInvalid, RepositoryError, VersionTaken
from polyparse.repository.store import Lost

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.bundle.manifest import Manifest
    from polyparse.repository.store import ObjectStore


PUSHES = ".pushes"
"""The folder of a model with the claims of its versions, each of which is the digest of the bundle that is pushed."""
ATTEMPTS = 10
"""To claim a version whose claim is gone each time that it is looked at."""


def push(store: ObjectStore, name: str, version: str, folder: Path) -> str:
    """Verify a bundle and upload it as this version of this model; returns its digest.

    The same bundle again is uploaded again, whatever half of it is there.

    Raises:
        VersionTaken: another bundle is there under this name, or is being pushed.
        BundleError: the folder holds no bundle of this name and version, or one that is damaged.
    """
    manifest = verified(name, version, folder)
    content = bundles.read(folder / manifests.FILE)
    digest = hashlib.sha256(content).hexdigest()
    key, claim = f"{name}/{version}/{manifests.FILE}", f"{name}/{PUSHES}/{version}"
    if store.read(key) is None:
        _claim(store, claim, digest)
    try:
        _check_free(store.read(key), content, f"{store.url}/{key}")
    except VersionTaken:
        _release(store, claim, digest)
        raise
    for file in manifest.files:
        store.upload(folder / file, f"{name}/{version}/{file}")
    try:
        store.put_new(key, content)
    except Lost:  # Somebody was faster, or this process before: with the same bytes?
        _check_free(store.read(key), content, f"{store.url}/{key}")
    _release(store, claim, digest)
    return digest


def verified(name: str, version: str, folder: Path) -> Manifest:
    """The manifest of a sound bundle that says that it is this version of this model."""
    for key, value in (("name", name), ("version", version)):
        if not is_folder_name(value):
            raise BundleNotFound(f"{key}: found {value!r}, expected the name of a folder", file=folder)
    manifest = bundles.verify(folder)
    if (manifest.name, manifest.version) != (name, version):
        raise ManifestInvalid(
            f"found {manifest.name}/{manifest.version}, expected {name}/{version}, as which it is pushed",
            file=folder / manifests.FILE,
        )
    return manifest


def _claim(store: ObjectStore, key: str, digest: str) -> None:
    """Be the one who writes this version, with who pushes the same; a claim outlives a push that does not end."""
    other = None
    for _ in range(ATTEMPTS):
        with suppress(Lost):
            store.put_new(key, digest.encode())
            return
        if (other := store.read(key)) is not None:
            break
    if other != digest.encode():
        found = (other or b"one that came and went").decode("utf-8", "replace")
        raise VersionTaken(
            f"found that another bundle is being pushed under this version ({found}), expected none but {digest}: push it "
            "under another one; or remove this object, if that push is known to have failed",
            file=f"{store.url}/{key}",
        )


def _release(store: ObjectStore, key: str, digest: str) -> None:
    """Take our claim away: the manifest is there, and says whose the version is."""
    with suppress(RepositoryError):
        if store.read(key) == digest.encode():
            store.remove(key)


def _check_free(there: bytes | None, content: bytes, place: str) -> None:
    if there is not None and there != content:
        found, expected = (hashlib.sha256(each).hexdigest() for each in (there, content))
        raise VersionTaken(
            f"found sha256 {found}, expected none or {expected}: versions do not change; push it under another one",
            file=place,
        )
