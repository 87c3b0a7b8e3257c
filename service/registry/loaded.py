"""A loaded version of a model: its identity, its parser, and a golden utterance to test it with."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
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

    def labels(self) -> dict[str, str]:
        """The same as plain data."""
        return {"name": self.name, "version": self.version, "digest": self.digest}


class ServedParser(Protocol[ItemT]):
    """The part of `polyparse.inference.parser.Parser` that the service uses; it does not look into items."""

    def prepare(self, utterance: Utterance) -> ItemT:
        """Make arrays of an utterance; InputError if it is not one that this model parses."""

    def run(self, items: Sequence[ItemT], /) -> Outcome[Frame]:
        """Parse a batch; several threads call this at once."""

    def meet(self, items: Sequence[ItemT], /) -> None:
        """Make what is kept of the words of items, without parsing them."""

    def kept_chunks(self) -> list[str]:
        """The chunks of texts, without blanks, whose words it keeps from what it has parsed, the first one first."""


class Loaded(NamedTuple):
    """A version that is warm and has just answered all its golden utterances as recorded."""

    identity: ModelVersion
    parser: ServedParser[Any]
    golden: Golden


class Loader(Protocol):
    """Loads bundles. Each call is made in a thread of its own."""

    def load(self, bundle: Located, *, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        """Load, warm and check a bundle beside what serves; None where nothing does.

        Raises:
            MemoryShort: it does not fit beside what is loaded.
            LoadCancelled: `is_cancelled` was set.
            PolyparseError: it is refused: whatever is wrong with it.
        """

    def release(self, parts: list[object]) -> None:
        """Drop the last references to a version, which `parts` holds, and return its memory."""
