"""What the service asks of a model: `polyparse.runtime.load.Parser` has it, and so have the tests' own models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from polyparse.bundle.golden import Golden
from polyparse.bundle.store import Located
from polyparse.contract.frame import Frame, Utterance
from service.batching.protocols import ItemT, Outcome


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """Which bundle answers; `digest` is the sha256 of its manifest."""

    name: str
    version: str
    digest: str


class Model(Protocol[ItemT]):
    """One loaded version of a model. Its items are its own business."""

    @property
    def name(self) -> str:
        """The model's name, the same for all its versions."""

    @property
    def version(self) -> str:
        """Its version."""

    @property
    def digest(self) -> str:
        """The sha256 of its manifest."""

    @property
    def device(self) -> str:
        """Where it runs: "cpu" or "cuda"."""

    def prepare(self, utterance: Utterance) -> ItemT:
        """Make arrays of an utterance; InputError if it is not one that this model parses."""

    def run(self, items: Sequence[ItemT], /) -> Outcome[Frame]:
        """Parse a batch; several threads call this at once."""


class Loaded(NamedTuple):
    """A model that has just answered all its golden utterances as recorded, and one of them to ask it again."""

    model: Model[Any]
    golden: Golden


Loader = Callable[[Located], Loaded]
"""Loads a bundle and checks its golden frames, or raises BundleError or DeviceUnavailable. Slow: called in a thread."""
