"""Loads only what is signed by the owner of a key: anything else is refused by its name before a byte of it is loaded."""

from pathlib import Path
from threading import Event
from typing import Any

from polyparse.bundle.model import Model
from polyparse.bundle.store import Located
from polyparse.repository.signing import check_signature
from service.registry.loaded import Loaded, Loader, ServedParser


class SignedLoader:
    """A loader behind which another one loads."""

    def __init__(self, loader: Loader, model: Model, key: Path) -> None:
        self._loader = loader
        self._model = model
        self._key = key

    def load(self, bundle: Located, *, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        """See `service.registry.loaded.Loader`; SignatureInvalid for what the key's owner did not sign.

        What is loaded then has the digest of what was checked.
        """
        digest = check_signature(self._model, bundle.bundle, self._key)
        pinned = Located(bundle.bundle, bundle.digest or digest)
        return self._loader.load(pinned, beside=beside, is_cancelled=is_cancelled)

    def release(self, parts: list[object]) -> None:
        """See `service.registry.loaded.Loader`."""
        self._loader.release(parts)
