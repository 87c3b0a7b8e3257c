"""What is wished, read from the folder of models: a model's state.json, or its only version; or one bundle, for ever."""

from pathlib import Path

from polyparse.bundle import state as states
from polyparse.bundle import store
from polyparse.bundle.manifest import FILE as MANIFEST
from polyparse.bundle.state import Pointer
from polyparse.bundle.store import Located
from polyparse.errors import StateInvalid
from service.registry.policy import Desired, WishedCanary, WishedShadow


class StateSource:
    """One model of a folder of models, or a bundle; which one is settled when it is made."""

    def __init__(self, models: Path, name: str | None) -> None:
        """Find the model as `polyparse.bundle.store.locate` does; BundleNotFound where there is none, or several."""
        self.model = store.find(models, name)
        self.is_bundle = self.model.joinpath(MANIFEST).is_file()
        self._has_had_state = False

    def read(self) -> Desired:
        """The wish as it stands now. It reads files: not for an event loop.

        Raises:
            StateInvalid: the state cannot be read, or is gone: no version was wished in its place.
            BundleNotFound: there is no state, and not exactly one version.
        """
        if self.is_bundle:
            return Desired(Located(self.model, None), revision=revision(self.model))
        state = states.read(self.model)
        if state is None and self._has_had_state:
            raise StateInvalid(
                "found nothing, expected the state that was there; restore it, or promote a version",
                file=self.model / states.FILE,
            )
        if state is None:
            stable = store.serving(self.model)
            return Desired(stable, revision=revision(stable.bundle))
        self._has_had_state = True
        stable = self._located(state.stable)
        previous = None if state.previous is None else self._located(state.previous)
        canary, shadow = state.canary, state.shadow
        desired = Desired(
            stable,
            previous,
            state.generation,
            canary=None if canary is None else WishedCanary(self._located(canary), canary.percent),
            shadow=None if shadow is None else WishedShadow(self._located(shadow), shadow.share),
        )
        revisions = tuple(revision(each.bundle) for each in (stable, *desired.candidates))
        return desired._replace(revision=revisions)

    def _located(self, pointer: Pointer) -> Located:
        return Located(self.model / pointer.version, pointer.digest)

    def close(self) -> None:
        """Nothing is open."""


def revision(bundle: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Name, size and times of each file of a bundle: another value once it was repaired.

    A copy may bear the time of its original. That of its inode's change is the file system's own, and tells of rights too.
    """
    try:
        stats = [(path.name, path.stat()) for path in sorted(bundle.rglob("*"))]
    except OSError:
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for name, stat in stats)
