"""What to do next with the versions, so that what is wished serves: a function of the wish and of what is there.

    LOADING -> READY -> SERVING -> READY (while it is the stable version of before) -> RETIRED -> CLOSING -> gone
       |  \\-> FAILED, or WAITING for memory and LOADING again
       \\-> CANCELLED -> gone

A candidate, canary or shadow, stays READY: requests reach it without a switch (assignment.py). Rules, the first that
applies wins:

1. The wished version serves as soon as it is loaded.
2. A wished version that is not there is loaded, one at a time; the load of one that is wished no more, or that is in the
   way of the one that shall serve, is given up. What was refused stays refused.
3. Where no version serves and the wished one was refused, the one before it serves.
4. What waits for memory gets that of versions that stand by and are worth less; where none can go, it is refused. The
   shadow is worth least, then come the version before, the canary, and the stable version.
5. What neither serves nor is wished goes, once no request holds it. What serves stays, wished or not: an old version is
   better than none.
6. Where requests are short of memory, what is worth least goes, one version each time that it is said.
7. While the stable version serves, the canary is loaded, then the shadow. A candidate whose memory was needed is refused:
   were it loaded again, it would take that memory back.
"""

from collections.abc import Iterator, Sequence
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
    """It is loaded and warm, and stands by, or is a candidate."""
    SERVING = auto()
    RETIRED = auto()
    """It takes no new request, and answers those that hold it."""
    CLOSING = auto()
    """Its memory is being returned."""
    FAILED = auto()


class WishedCanary(NamedTuple):
    """A candidate that answers `percent` of the requests."""

    bundle: Located
    percent: float


class WishedShadow(NamedTuple):
    """A candidate that parses a `share` of the requests after they are answered."""

    bundle: Located
    share: float


class Desired(NamedTuple):
    """The wish: what shall serve, what was stable before, and the candidates.

    `generation` counts the edits of the state, None where there is no state; `revision` changes when the files of a version
    do that is to be loaded. Where anything of it changes, a version that was refused is tried again.
    """

    stable: Located
    previous: Located | None = None
    generation: int | None = None
    revision: object = None
    canary: WishedCanary | None = None
    shadow: WishedShadow | None = None

    @property
    def candidates(self) -> tuple[Located, ...]:
        """The bundles that are tried, in the order in which they are loaded."""
        return tuple(each.bundle for each in (self.canary, self.shadow) if each is not None)


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


class Evict(NamedTuple):
    """Retire this candidate, whose memory is needed; once it is gone it counts as refused."""

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


Action = Load | Cancel | Switch | Retire | Evict | Close | Refuse | Forget
LOADED = (VersionState.READY, VersionState.RETIRED)
LOADING = (VersionState.LOADING, VersionState.CANCELLED)
LEAVING = (VersionState.RETIRED, VersionState.CLOSING)
MOVING = (*LOADING, VersionState.CLOSING)
"""States in which a version takes processor time beside requests."""


def decide(
    desired: Desired,
    versions: Sequence[Snapshot],
    *,
    keeps_previous: bool = True,
    is_memory_short: bool = False,
) -> Action | None:
    """The next action, None if there is nothing to do; without `keeps_previous` the version before does not stand by."""
    return (
        _serve(desired, versions)
        or _tidy(desired, versions, keeps_previous=keeps_previous)
        or (_relieve(desired, versions) if is_memory_short else None)
        or _try_candidates(desired, versions)
    )


def _serve(desired: Desired, versions: Sequence[Snapshot]) -> Action | None:
    """Rules 1 to 4: the wished version, or the one before it where none serves and the wished one was refused."""
    has_serving = any(version.state is VersionState.SERVING for version in versions)
    for bundle in (desired.stable, desired.previous):
        if bundle is None:
            return None
        position, state = _find(bundle, versions)
        if state is not VersionState.FAILED or has_serving:
            return _serve_one(desired, position, state, bundle, versions)
    return None


def _find(bundle: Located, versions: Sequence[Snapshot]) -> tuple[int, VersionState | None]:
    """Position and state of a bundle's version; no state where there is none."""
    for position, version in enumerate(versions):
        if version.bundle == bundle:
            return position, version.state
    return len(versions), None


def _serve_one(
    desired: Desired, position: int, state: VersionState | None, bundle: Located, versions: Sequence[Snapshot]
) -> Action | None:
    if state is None:
        return _load_alone(bundle, versions)
    if state in LOADED:
        return Switch(position)
    return _make_room(desired, position, versions) if state is VersionState.WAITING else None


def _load_alone(bundle: Located, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 2: one that loads for ever must not keep another from being loaded."""
    for other, version in enumerate(versions):
        if version.state is VersionState.LOADING:
            return Cancel(other)
    is_busy = any(version.state is VersionState.CANCELLED for version in versions)
    return None if is_busy else Load(bundle)


def _make_room(desired: Desired, position: int, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 4; what leaves already is waited for."""
    waiting = versions[position].bundle
    if (action := _let_go(desired, versions, below=waiting)) is not None:
        return action
    is_awaited = any(version.state in LEAVING for version in versions)
    return None if is_awaited else Refuse(position)


def _let_go(desired: Desired, versions: Sequence[Snapshot], *, below: Located) -> Action | None:
    """Let the first version go that stands by and is worth less than this bundle."""
    wished = {desired.stable, desired.previous, *desired.candidates}
    for position, version in enumerate(versions):
        if version.state is VersionState.READY and version.bundle not in wished:
            return Retire(position)
    for bundle in _by_worth(desired):
        if bundle == below:
            return None
        position, state = _find(bundle, versions)
        if state is VersionState.READY:
            return Evict(position) if bundle in desired.candidates else Retire(position)
    return None


def _by_worth(desired: Desired) -> Iterator[Located]:
    """What is wished, the least first; what is wished twice is worth the more of the two."""
    canary, shadow = desired.canary, desired.shadow
    bundles = (shadow and shadow.bundle, desired.previous, canary and canary.bundle, desired.stable)
    for position, bundle in enumerate(bundles):
        if bundle is not None and bundle not in bundles[position + 1 :]:
            yield bundle


def _tidy(desired: Desired, versions: Sequence[Snapshot], *, keeps_previous: bool) -> Action | None:
    """The second half of rule 2, and rule 5."""
    kept = {desired.stable, *desired.candidates}
    wished = {*kept, desired.previous}
    for position, (bundle, state, leases) in enumerate(versions):
        match state:
            case VersionState.READY if bundle not in (wished if keeps_previous else kept):
                return Retire(position)
            case VersionState.RETIRED if leases == 0:
                return Close(position)
            case VersionState.LOADING if bundle not in wished:
                return Cancel(position)
            case VersionState.FAILED | VersionState.WAITING if bundle not in wished:
                return Forget(position)
    return None


def _relieve(desired: Desired, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 6, unless some memory is about to be returned."""
    if any(version.state in LEAVING for version in versions):
        return None
    return _let_go(desired, versions, below=desired.stable)


def _try_candidates(desired: Desired, versions: Sequence[Snapshot]) -> Action | None:
    """Rule 7."""
    _, stable = _find(desired.stable, versions)
    is_busy = any(version.state in LOADING for version in versions)
    if stable is not VersionState.SERVING or is_busy:
        return None
    for bundle in desired.candidates:
        position, state = _find(bundle, versions)
        if state is None:
            return Load(bundle)
        if state is VersionState.WAITING:
            return _make_room(desired, position, versions)
        if state in LEAVING:
            return None
    return None
