"""A loaded version of a model: its identity, its parser, and a golden utterance to test it with."""

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


class ServedParser(Protocol[ItemT]):
    """The part of `polyparse.inference.parser.Parser` that the service uses; it does not look into items."""

    def prepare(self, utterance: Utterance) -> ItemT:
        """Make arrays of an utterance; InputError if it is not one that this model parses."""

    def run(self, items: Sequence[ItemT], /) -> Outcome[Frame]:
        """Parse a batch; several threads call this at once."""


class Loaded(NamedTuple):
    """A version that has just answered all its golden utterances as recorded; `device` is "cpu" or "cuda"."""

    identity: ModelVersion
    parser: ServedParser[Any]
    device: str
    golden: Golden


Loader = Callable[[Located], Loaded]
"""Loads a bundle and checks its golden frames, or raises BundleError or DeviceUnavailable. Slow: called in a thread."""
