"""Arrays of a long text, made in an inference thread of the heavy lane: milliseconds of Python that would stand in the event
loop's way.

To the batcher a text is an item, and its arrays are the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from polyparse.contract.frame import Utterance
from polyparse.errors import PolyparseError
from service.admission import most_tokens
from service.batching.policy import Size
from service.batching.protocols import BatchedModel, Outcome
from service.clock import Clock
from service.errors import InternalError
from service.registry.loaded import ServedParser
from service.registry.version import LoadedVersion


class Draft(NamedTuple):
    """An utterance without arrays; `n_tokens` is what it has at most."""

    utterance: Utterance
    n_tokens: int
    n_best: int = 1


@dataclass(frozen=True)
class Arrays:
    """What came of drafts: the items, or why there is none."""

    frames: Sequence[Any]
    seconds: Mapping[str, float]
    padding: float = 0.0
    tokens: int = 0


def is_long(text: str) -> bool:
    """Whether the arrays of a text are not made in the event loop."""
    return Size(most_tokens(text), 1).is_heavy


def draft_of(utterance: Utterance) -> Draft:
    """The utterance, as an item to be prepared."""
    return Draft(utterance, most_tokens(utterance.text))


def preparation(version: LoadedVersion, clock: Clock) -> BatchedModel[Draft, Any]:
    """What answers a draft with its arrays, or with the error that says why it has none."""

    def run(drafts: Sequence[Draft], /) -> Outcome[Any]:
        started_s = clock()
        items = [prepared(version.parser, draft.utterance) for draft in drafts]
        return Arrays(items, {"encode": clock() - started_s})

    model = version.model
    return BatchedModel(run, UNTOLD, is_guest=model.is_guest, labels=model.labels, span="prepare")


def prepared(parser: ServedParser[Any], utterance: Utterance) -> Any:
    """Arrays of an utterance, or the error in their place."""
    try:
        return parser.prepare(utterance)
    except PolyparseError as error:
        return error
    except Exception as error:
        failure = InternalError(error)
        failure.__cause__ = error
        return failure


class _Untold:
    """Is told of runs that are none of a model's networks."""

    def queued(self, seconds: float, /) -> None:
        """Forget it."""

    def ran(self, sequences: int, outcome: Outcome[object]) -> None:
        """Forget it."""


UNTOLD = _Untold()
