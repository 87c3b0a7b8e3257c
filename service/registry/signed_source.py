"""Tells a wish anew once what it names was signed: a version that was refused for its signature is tried again then."""

from polyparse.bundle.model import Model
from polyparse.bundle.store import Located
from polyparse.errors import PolyparseError
from service.registry.policy import Desired
from service.registry.watcher import Source


class SignedSource:
    """A source whose wish is another one when a signature of what it names comes."""

    def __init__(self, source: Source, model: Model) -> None:
        self._source = source
        self._model = model

    def read(self) -> Desired:
        """See `service.registry.watcher.Source`."""
        desired = self._source.read()
        signed = tuple(self._is_signed(each) for each in (desired.stable, *desired.candidates))
        return desired._replace(revision=(desired.revision, signed))

    def _is_signed(self, bundle: Located) -> bool:
        """Whether there is a signature; where nobody can be asked, there is none yet."""
        if bundle.digest is None:
            return False
        try:
            return self._model.signature(bundle.digest) is not None
        except (PolyparseError, OSError):
            return False
