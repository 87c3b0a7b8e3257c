"""What is wished, read from the folder of models: a model's state.json, or its only version; or one bundle, for ever."""

from pathlib import Path

from polyparse.bundle import state as states
from polyparse.bundle import store
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.state import Pointer
from polyparse.bundle.store import Located
from service.registry.policy import Desired


class StateSource:
    """One model of a folder of models, or a bundle; which one is settled when it is made."""

    def __init__(self, models: Path, name: str | None) -> None:
        """Find the model as `polyparse.bundle.store.locate` does; BundleNotFound where there is none, or several."""
        self.model = store.find(models, name)
        self.is_bundle = self.model.joinpath(MANIFEST).is_file()

    def read(self) -> Desired:
        """The wish as it stands now. It reads files: not for an event loop.

        Raises:
            StateInvalid: the state cannot be read.
            BundleNotFound: there is no state, and not exactly one version.
        """
        if self.is_bundle:
            return Desired(Located(self.model, None), revision=_revision(self.model))
        state = states.read(self.model)
        if state is None:
            stable = store.serving(self.model)
            return Desired(stable, revision=_revision(stable.bundle))
        stable = self._located(state.stable)
        previous = None if state.previous is None else self._located(state.previous)
        return Desired(stable, previous, state.generation, _revision(stable.bundle))

    def _located(self, pointer: Pointer) -> Located:
        return Located(self.model / pointer.version, pointer.digest)


def _revision(bundle: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, size and time of each file of a bundle: another value once it was repaired."""
    try:
        stats = [(path.name, path.stat()) for path in sorted(bundle.rglob("*"))]
    except OSError:
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)
