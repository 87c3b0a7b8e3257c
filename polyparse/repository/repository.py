"""A repository of models behind a URL, and how a URL becomes one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from polyparse.bundle import state as states
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.manifest import is_folder_name
from polyparse.bundle.model import FolderModels, Models, check_name
from polyparse.bundle.store import Located, listed
from polyparse.bundle.store import locate as locate_in_folder
from polyparse.errors import BundleNotFound, ConfigError
from polyparse.repository.folder_store import FolderStore
from polyparse.repository.fsspec_store import FsspecStore
from polyparse.repository.remote_model import RemoteModel, versions_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.repository.cache import Cache
    from polyparse.repository.place import Place
    from polyparse.repository.store import ObjectStore


class Repository:
    """The models below a URL, or one model whose URL it is."""

    def __init__(self, store: ObjectStore, cache: Cache) -> None:
        self.store, self.cache = store, cache

    @property
    def place(self) -> str:
        """The URL."""
        return self.store.url

    def names(self) -> list[str]:
        """See `polyparse.bundle.model.Models`."""
        return models_in(self.store.keys(""))

    def model(self, name: str) -> RemoteModel:
        """See `polyparse.bundle.model.Models`."""
        check_name(self, name)
        return RemoteModel(self.store, name, self.cache)

    def find(self, name: str | None = None) -> RemoteModel:
        """The model of a name; else the one whose URL this is, else the only one, or the only one with a state."""
        keys = self.store.keys("")
        own = self.place.rpartition("/")[2]
        if name is None and (states.FILE in keys or versions_in(keys, "")) and is_folder_name(own):
            return RemoteModel(self.store, own, self.cache, prefix="")
        names = models_in(keys)
        if name is not None:
            if name not in names:
                raise BundleNotFound(
                    f"found {listed(names)}, expected a model named {name!r}", file=self.place
                )
            return self.model(name)
        candidates = [each for each in names if f"{each}/{states.FILE}" in keys] or names
        if len(candidates) != 1:
            raise BundleNotFound(
                f"found {listed(candidates)}, expected one model that serves, or its name", file=self.place
            )
        return self.model(candidates[0])


def opened(url: str, cache: Cache) -> Repository:
    """The repository behind a URL. Nothing is asked of it yet; ConfigError for a URL that cannot be one."""
    protocol, _, rest = url.partition("://")
    if protocol.lower() != "file":
        return Repository(FsspecStore(f"{protocol.lower()}://{rest}"), cache)
    folder = unquote(rest)
    if not folder.startswith("/"):
        raise ConfigError(f"{url}: found a path that is not absolute, expected file:///...")
    return Repository(FolderStore(Path(folder)), cache)


def models_at(place: Place, cache: Callable[[], Cache]) -> Models:
    """The models of a folder, which needs no cache, or of a repository."""
    return FolderModels(place) if isinstance(place, Path) else opened(place, cache())


def locate(place: Place, name: str | None, cache: Callable[[], Cache]) -> Located:
    """The bundle that serves; of a repository it is fetched into the cache."""
    if isinstance(place, Path):
        return locate_in_folder(place, name)
    model = opened(place, cache()).find(name)
    stable = serving(model)
    return Located(model.bundle(stable.version, stable.digest), stable.digest)


def serving(model: RemoteModel) -> states.Pointer:
    """The version that a model's state names, else its only one."""
    if (state := model.state_file().state) is not None:
        return state.stable
    versions = model.versions()
    if len(versions) != 1:
        raise BundleNotFound(
            f"found {listed(versions)}, expected {states.FILE} to name the version that serves",
            file=model.place,
        )
    return states.Pointer(versions[0], hashlib.sha256(model.manifest(versions[0])).hexdigest())


def models_in(keys: list[str]) -> list[str]:
    """The names of models among the keys of a repository: they have a state, or at least one version."""
    parts = [key.split("/") for key in keys]
    names = {part[0] for part in parts if part[1:] == [states.FILE]}
    names |= {part[0] for part in parts if len(part) == 3 and part[2] == MANIFEST}
    return sorted(name for name in names if is_folder_name(name))
