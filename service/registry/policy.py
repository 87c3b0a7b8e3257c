"""What to do next with the versions, so that what is wished serves: a function of the wish and of what is there.

    LOADING -> READY -> SERVING -> READY (while it is the stable version of before) -> RETIRED -> CLOSING -> gone
       |  \\-> FAILED, or WAITING for memory and LOADING again
       \\-> CANCELLED -> gone

Rules, the first that applies wins:

1. The wished version serves as soon as it is loaded.
2. A wished version that is not there is loaded, one at a time; the load of one that is wished no more, or that is in the
   way of the one that shall serve, is given up. What was refused stays refused.
3. Where no version serves and the wished one was refused, the one before it serves.
4. What waits for memory gets that of versions that stand by; where none can go, it is refused.
5. What neither serves nor is wished goes, once no request holds it. What serves stays, wished or not: an old version is
   better than none.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from polyparse.bundle.store import Located


class VersionState(Enum):
    """Where a version is in its life."""

    LOADING = auto()
    CANCELLED = auto()
    """Its load was given up, and has not ended yet."""
    WAITING = auto()
    """It did not fit in memory."""
    READY = auto()
    """It is loaded and warm, and stands by."""
    SERVING = auto()
    RETIRED = auto()
    """It takes no new request, and answers those that hold it."""
    CLOSING = auto()
    """Its memory is being returned."""
    FAILED = auto()


class Desired(NamedTuple):
    """The wish: what shall serve, and what was stable before.

    `generation` counts the edits of the state, None where there is no state; `revision` changes when the files of `stable`
    do. Where one of them changes, a version that was refused is tried again.
    """

    stable: Located
    previous: Located | None = None
    generation: int | None = None
    revision: object = None


class Snapshot(NamedTuple):
    """A version as the policy sees it."""

    bundle: Located
    state: VersionState
    leases: int = 0


class Load(NamedTuple):
    """Begin to load this bundle."""

    bundle: Located


class Cancel(NamedTuple):
    """Give up a load."""

    position: int


class Switch(NamedTuple):
    """Let this version serve, in place of the one that does; that one stands by."""

    position: int


class Retire(NamedTuple):
    """Let this version take no new requests."""

    position: int


class Close(NamedTuple):
    """Return the memory of this retired version, which nobody holds."""

    position: int


class Refuse(NamedTuple):
    """Give up waiting for memory."""

    position: int


class Forget(NamedTuple):
    """Drop the record of a version that is not loaded, and not wished any more."""

    position: int


Action = Load | Cancel | Switch | Retire | Close | Refuse | Forget
LOADED = (VersionState.READY, VersionState.RETIRED)
LEAVING = (VersionState.RETIRED, VersionState.CLOSING)


def decide(desired: Desired, versions: Sequence[Snapshot], *, keeps_previous: bool = True) -> Action | None:
    """The next action, None if there is nothing to do; without `keeps_previous` the version before does not stand by."""
    return _serve(desired, versions) or _tidy(desired, versions, keeps_previous=keeps_previous)


def _serve(desired: Desired, versions: Sequence[Snapshot]) -> Action | None:
    """Rules 1 to 4: the wished version, or the one before it where none serves and the wished one was refused."""
    has_serving = any(version.state is VersionState.SERVING for version in versions)
    for bundle in (desired.stable, desired.previous):
        if bundle is None:
            return None
        position, state = _find(bundle, versions)
        if state is not VersionState.FAILED or has_serving:
            return _serve_one(bundle, position, state, versions)
    return None


def _find(bundle: Located, versions: Sequence[Snapshot]) -> tuple[int, VersionState | None]:
    """Position and state of a bundle's version; no state where there is none."""
    for position, version in enumerate(versions):
        if version.bundle == bundle:
            return position, version.state
    return len(versions), None


def _serve_one(
    bundle: Located, position: int, state: VersionState | None, versions: Sequence[Snapshot]
) -> Action | None:
    if state is None:
        return _load_alone(bundle, versions)
    if state in LOADED:
        return Switch(position)
    return _make_room(position, versions) if state is VersionState.WAITING else None


def _load_alone(bundle: Located, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 2: one that loads for ever must not keep another from being loaded."""
    for other, version in enumerate(versions):
        if version.state is VersionState.LOADING:
            return Cancel(other)
    is_busy = any(version.state is VersionState.CANCELLED for version in versions)
    return None if is_busy else Load(bundle)


def _make_room(position: int, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 4; what leaves already is waited for."""
    for other, version in enumerate(versions):
        if version.state is VersionState.READY:
            return Retire(other)
    is_awaited = any(version.state in LEAVING for version in versions)
    return None if is_awaited else Refuse(position)


def _tidy(desired: Desired, versions: Sequence[Snapshot], *, keeps_previous: bool) -> Action | None:
    """The second half of rule 2, and rule 5."""
    for position, (bundle, state, leases) in enumerate(versions):
        is_wished = bundle in (desired.stable, desired.previous)
        match state:
            case VersionState.READY if not is_wished or not (keeps_previous or bundle == desired.stable):
                return Retire(position)
            case VersionState.RETIRED if leases == 0:
                return Close(position)
            case VersionState.LOADING if not is_wished:
                return Cancel(position)
            case VersionState.FAILED | VersionState.WAITING if not is_wished:
                return Forget(position)
    return None
