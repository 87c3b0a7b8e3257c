"""What to do next with the versions. A new one takes over as soon as it is ready; an old one stays open while it is held."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple


class VersionState(Enum):
    """The life of a version, in order."""

    READY = auto()
    SERVING = auto()
    RETIRED = auto()
    CLOSED = auto()


class Snapshot(NamedTuple):
    """A version as the policy sees it."""

    state: VersionState
    leases: int


class Serve(NamedTuple):
    """Let this version serve, and retire the one that has served until now."""

    position: int


class Close(NamedTuple):
    """Close this retired version, which nobody holds."""

    position: int


def decide(versions: Sequence[Snapshot]) -> Serve | Close | None:
    """Return the next action on one of the versions, the newest of which stands last; None if there is nothing to do."""
    for position in reversed(range(len(versions))):
        state, leases = versions[position]
        if state is VersionState.READY:
            return Serve(position)
        if state is VersionState.RETIRED and leases == 0:
            return Close(position)
    return None
