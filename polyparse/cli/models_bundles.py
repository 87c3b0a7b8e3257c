"""The bundles that an action of `polyparse models` is about, and their check."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.errors import BundleNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.bundle.model import Model, Models


class ModelBundle(NamedTuple):
    """A version of a model."""

    model: Model
    name: str

    def bundle(self) -> Path:
        """Its folder on this machine."""
        return self.model.bundle(self.name)


def versions_in(models: Models, name: str | None = None, version: str | None = None) -> list[ModelBundle]:
    """The versions of all models, or those of one name, or of one version; BundleNotFound where none is."""
    versions = [
        ModelBundle(model, each) for model in map(models.model, models.names()) for each in model.versions()
    ]
    matching = [each for each in versions if name in {None, each.model.name} and version in {None, each.name}]
    if not matching:
        names = bundles.listed([f"{each.model.name}/{each.name}" for each in versions])
        expected = "/".join(
            part for part in ("a model" if name is None else name, version) if part is not None
        )
        raise BundleNotFound(f"found {names}, expected {expected}", file=models.place)
    return matching


def check(bundle: Path) -> str:
    """Verify a bundle, by its digest too where it serves, and its golden frames; returns the digest."""
    from polyparse.runtime.load import load  # noqa: PLC0415 - the other actions need no runtime

    state = states.read(bundle.parent)
    pinned = state.stable.digest if state is not None and state.stable.version == bundle.name else None
    loaded = load(bundle, digest=pinned, device="cpu")
    bundles.check_names(loaded.manifest, bundle)
    loaded.check_golden()
    return loaded.digest
