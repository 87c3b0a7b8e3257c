"""Where things are in a cache of bundles, and what is there.

<digest>/<name>/<version>/      a bundle, every byte of it verified before it was renamed into this place
<digest>/.signature            its signature, once somebody asked for it
.partial/<digest>/              one that is being fetched, or removed; nobody loads from here
.locks/<digest>, .locks/room    see cache_lock.py
.known/<hash of a URL>/         the state of a model: which bundles are wanted (known.py)
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import AccessDenied, ConfigError, DigestMismatch

DIGEST = re.compile(r"[0-9a-f]{64}")


class BundleName(NamedTuple):
    """Which bundle: of which model, which version, and the sha256 of its manifest. `check` before it becomes a path."""

    name: str
    version: str
    digest: str

    def check(self) -> None:
        """Raise DigestMismatch unless each part can name a folder: a state is written by others."""
        if not (is_folder_name(self.name) and is_folder_name(self.version)):
            raise DigestMismatch("found a name that is none of a folder, expected one", file=str(self))
        if not DIGEST.fullmatch(self.digest):
            raise DigestMismatch(
                f"found the digest {self.digest!r}, expected a sha256 in lower-case hexadecimal",
                file=str(self),
            )

    def __str__(self) -> str:
        return f"{self.name}/{self.version}"


class Entry(NamedTuple):
    """A bundle in the cache: its digest, its size in bytes, and when it was last asked for."""

    digest: str
    bytes: int
    used_ns: int


class Layout:
    """The paths of a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = folder / ".known"
        self._partial, self._locks = folder / ".partial", folder / ".locks"

    def make(self) -> None:
        """Make the folders; AccessDenied where that is not possible."""
        try:
            for folder in (self._partial, self._locks, self.known):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise AccessDenied(
                f"found no place for a cache ({reason}), expected a folder to write to: --cache names another one",
                file=self.folder,
            ) from error

    def bundle(self, bundle: BundleName) -> Path:
        """Where a bundle is, once it is there."""
        return self.folder / bundle.digest / bundle.name / bundle.version

    def entry(self, digest: str) -> Path:
        """The folder that has a bundle."""
        return self.folder / digest

    def signature(self, digest: str) -> Path:
        """Where its signature is kept, which goes with it."""
        return self.entry(digest) / ".signature"

    def partial(self, digest: str) -> Path:
        """Where it is on its way."""
        return self._partial / digest

    def lock(self, digest: str) -> Path:
        """The file of its lock."""
        return self._locks / digest

    @property
    def room(self) -> Path:
        """The file of the lock under which bytes are counted and reserved."""
        return self._locks / "room"

    def entries(self) -> list[Entry]:
        """The bundles that are there."""
        return [_entry(path) for path in _digests_in(self.folder)]

    def partials(self) -> list[Entry]:
        """What is being fetched or removed, by somebody or by nobody any more."""
        return [_entry(path) for path in _digests_in(self._partial)]


def default_folder() -> Path:
    """The cache of a user, by the rules of XDG; ConfigError where there is no home."""
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache) / "polyparse"
    try:
        return Path.home() / ".cache" / "polyparse"
    except RuntimeError as error:
        raise ConfigError("found no home for a cache, expected --cache or XDG_CACHE_HOME") from error


def remove(folder: Path) -> None:
    """Remove a folder, as far as it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _digests_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if DIGEST.fullmatch(path.name)]
    except OSError:
        return []


def _entry(folder: Path) -> Entry:
    """What is going while it is counted counts as far as it is seen."""
    size, used_ns = 0, 0
    with suppress(OSError):
        used_ns = folder.stat().st_mtime_ns
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += Path(parent, name).lstat().st_size
    return Entry(folder.name, size, used_ns)
