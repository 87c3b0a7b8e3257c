"""What to do next about the versions at hand. A new one takes over as soon as it is ready; an old one stays while held."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple


class State(Enum):
    """The life of a version, in order."""

    READY = auto()
    SERVING = auto()
    RETIRED = auto()
    CLOSED = auto()


class Snapshot(NamedTuple):
    """A version as the policy sees it."""

    state: State
    leases: int


class Serve(NamedTuple):
    """Let this version serve, and retire the one that did."""

    position: int


class Close(NamedTuple):
    """Close this retired version, which nobody holds."""

    position: int


def decide(versions: Sequence[Snapshot]) -> Serve | Close | None:
    """Return the next action on one of the versions, the newest of which stands last; None if all is as it should be."""
    for position in reversed(range(len(versions))):
        state, leases = versions[position]
        if state is State.READY:
            return Serve(position)
        if state is State.RETIRED and leases == 0:
            return Close(position)
    return None
