"""A bundle out of a repository into a cache: half of it is never found where whole ones are.

manifest, of the digest expected -> room in the cache and on the disk -> each file, of the size and sha256 listed
-> flushed to disk -> renamed into its place
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from polyparse.atomic import sync_folder
from polyparse.bundle import manifest as manifests
from polyparse.errors import (
    AccessDenied,
    ChecksumMismatch,
    DigestMismatch,
    DiskShort,
    FetchCancelled,
    FileMissing,
    ManifestInvalid,
    RepositoryError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from polyparse.bundle.manifest import FileRecord, Manifest
    from polyparse.repository.layout import BundleName
    from polyparse.repository.store import ObjectStore

CHUNK = 4 * 1024 * 1024
"""Bytes asked for at once: between two of them a fetch can be given up."""


def fetch(
    bundle: BundleName,
    store: ObjectStore,
    prefix: str,
    partial: Path,
    reserve: Callable[[int, Callable[[], None]], None],
    is_cancelled: Event,
) -> None:
    """Fetch the bundle below `prefix`, which ends in "/", into partial/<name>/<version>, and flush it to disk.

    `reserve(bytes, take)` makes room for so many bytes, then calls `take`, which takes them.

    Raises:
        BundleError: it is not what its digest promises; or of a schema that is not known, and nothing more was fetched.
        RepositoryError: the repository or the disk fails.
        FetchCancelled: `is_cancelled` was set.
    """
    content = store.read(f"{prefix}{manifests.FILE}")
    place = f"{store.url}/{prefix}{manifests.FILE}"
    if content is None:
        raise FileMissing("found no manifest, expected a bundle", file=place)
    manifest = checked(content, bundle, place)
    folder = partial / bundle.name / bundle.version
    try:
        reserve(
            len(content) + sum(record.size for record in manifest.files.values()),
            lambda: _take(folder, content, manifest),
        )
        for name, record in manifest.files.items():
            _fetch_file(store, f"{prefix}{name}", folder / name, record, is_cancelled)
        for parent, _, _ in os.walk(partial):
            sync_folder(Path(parent))
    except OSError as error:
        raise of_disk(error, folder) from error


def checked(content: bytes, bundle: BundleName, place: str) -> Manifest:
    """The manifest of these bytes; raises unless they are of the digest, and of that name and version."""
    if (actual := hashlib.sha256(content).hexdigest()) != bundle.digest:
        raise DigestMismatch(
            f"found a manifest of sha256 {actual}, expected {bundle.digest}: it was changed, or is being copied",
            file=place,
        )
    manifest = manifests.parse(content, file=place)
    if (manifest.name, manifest.version) != (bundle.name, bundle.version):
        found = f"{manifest.name}/{manifest.version}"
        raise ManifestInvalid(f"found {found}, expected its folder's name, {bundle}", file=place)
    return manifest


def _take(folder: Path, content: bytes, manifest: Manifest) -> None:
    """Take the bytes on the disk: what comes can then only fail on its way."""
    folder.mkdir(parents=True)
    with folder.joinpath(manifests.FILE).open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    for name, record in manifest.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as stream:
            if record.size:
                os.posix_fallocate(stream.fileno(), 0, record.size)


def _fetch_file(store: ObjectStore, key: str, file: Path, record: FileRecord, is_cancelled: Event) -> None:
    place, checksum, size = f"{store.url}/{key}", hashlib.sha256(), 0
    with file.open("r+b") as stream:
        for chunk in _chunks(store, key, record.size):
            if is_cancelled.is_set():
                raise FetchCancelled("found another wish while it was fetched, expected the same", file=place)
            stream.write(chunk)
            checksum.update(chunk)
            size += len(chunk)
        if size != record.size:
            raise ChecksumMismatch(f"found {size} bytes, expected {record.size}", file=place)
        if (actual := checksum.hexdigest()) != record.sha256:
            raise ChecksumMismatch(f"found sha256 {actual}, expected {record.sha256}", file=place)
        stream.flush()
        os.fsync(stream.fileno())


def _chunks(store: ObjectStore, key: str, size: int) -> Iterator[bytes]:
    """The bytes of an object up to the size that it should have; less where it has less."""
    for start in range(0, size, CHUNK):
        end = min(start + CHUNK, size)
        chunk = store.read_range(key, start, end)
        yield chunk
        if len(chunk) < end - start:
            return


def of_disk(error: OSError, folder: Path) -> RepositoryError:
    """What the disk below the cache refused, as an error of ours."""
    reason = error.strerror or str(error)
    if isinstance(error, PermissionError):
        return AccessDenied(f"found no permission ({reason}), expected some", file=folder)
    return DiskShort(
        f"found no room or no way to write ({reason}), expected a disk that takes it", file=folder
    )
