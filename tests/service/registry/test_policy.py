"""What the registry does next, as a table from the wish and what is there to one action."""

from collections.abc import Sequence

import pytest

from service.registry.policy import (
    Action,
    Cancel,
    Close,
    Desired,
    Evict,
    Forget,
    Load,
    Refuse,
    Retire,
    Snapshot,
    Switch,
    VersionState,
    decide,
)
from tests.service.fakes import located, wish

NEW, OLD, OTHER = located("new"), located("old"), located("other")
PROMOTED = wish("new", "old")
ALONE = wish("new")
TRIED = wish("new", "old", canary=("can", 5), shadow=("shade", 0.5))
CAN, SHADE = located("can"), located("shade")
NOTHING = None


def there(**states: str) -> list[Snapshot]:
    """Versions by name, in order; "retired+" is held by a request."""
    return [
        Snapshot(located(name), VersionState[state.rstrip("+").upper()], leases=state.count("+"))
        for name, state in states.items()
    ]


TABLE: dict[str, tuple[Desired, list[Snapshot], Action | None]] = {
    "the wished version is loaded where nothing is": (ALONE, there(), Load(NEW)),
    "and beside what serves": (PROMOTED, there(old="serving"), Load(NEW)),
    "while it loads there is nothing to do": (PROMOTED, there(old="serving", new="loading"), NOTHING),
    "it serves as soon as it is ready": (PROMOTED, there(old="serving", new="ready"), Switch(1)),
    "also where nothing serves": (ALONE, there(new="ready"), Switch(0)),
    "what served stands by while it is the previous one": (
        PROMOTED,
        there(old="ready", new="serving"),
        NOTHING,
    ),
    "a rollback only switches": (wish("old", "new"), there(old="ready", new="serving"), Switch(0)),
    "a version on its way out comes back": (
        wish("old", "new"),
        there(old="retired+", new="serving"),
        Switch(0),
    ),
    "one whose memory is being returned is awaited": (
        wish("old"),
        there(old="closing", new="serving"),
        NOTHING,
    ),
    "what is older goes": (PROMOTED, there(other="ready", old="ready", new="serving"), Retire(0)),
    "once nobody holds it": (PROMOTED, there(other="retired", new="serving"), Close(0)),
    "and not before": (PROMOTED, there(other="retired+", new="serving"), NOTHING),
    "without a previous version what served goes": (ALONE, there(old="ready", new="serving"), Retire(0)),
    "do nothing: would lose availability": (PROMOTED, there(old="serving", new="failed"), NOTHING),
    "what serves stays though nobody wishes it": (PROMOTED, there(other="serving", new="failed"), NOTHING),
    "what serves stays while the wished one loads": (
        PROMOTED,
        there(other="serving", new="loading"),
        NOTHING,
    ),
    "what was refused is not tried again": (ALONE, there(new="failed"), NOTHING),
    "where none serves the previous one is loaded": (PROMOTED, there(new="failed"), Load(OLD)),
    "and serves": (PROMOTED, there(new="failed", old="ready"), Switch(1)),
    "both refused: nothing is left to try": (PROMOTED, there(new="failed", old="failed"), NOTHING),
    "the wished one takes over from its stand-in": (PROMOTED, there(old="serving", new="ready"), Switch(1)),
    "one load at a time": (wish("new"), there(old="serving", other="cancelled"), NOTHING),
    "a load in the way of the wished one is given up": (
        PROMOTED,
        there(other="serving", old="loading"),
        Cancel(1),
    ),
    "the previous version's load is in nobody's way where the wished one serves": (
        PROMOTED,
        there(old="loading", new="serving"),
        NOTHING,
    ),
    "a load that is not wished any more is given up": (
        wish("new"),
        there(old="serving", other="loading"),
        Cancel(1),
    ),
    "a refused version is forgotten with the wish for it": (
        wish("new"),
        there(new="serving", other="failed"),
        Forget(1),
    ),
    "what does not fit gets the memory of what stands by": (
        wish("other", "new"),
        there(old="ready", new="serving", other="waiting"),
        Retire(0),
    ),
    "even of the previous version": (PROMOTED, there(old="ready", other="serving", new="waiting"), Retire(0)),
    "which is awaited": (PROMOTED, there(old="closing", other="serving", new="waiting"), NOTHING),
    "never that of what serves: it is refused": (PROMOTED, there(old="serving", new="waiting"), Refuse(1)),
    "or where nothing is left to go": (ALONE, there(new="waiting"), Refuse(0)),
    "what waits is forgotten with the wish for it": (
        wish("new"),
        there(new="serving", other="waiting"),
        Forget(1),
    ),
    "what is wished and serves is left alone": (ALONE, there(new="serving"), NOTHING),
    "candidates wait for the stable version": (TRIED, there(old="serving"), Load(NEW)),
    "while it loads too": (TRIED, there(old="serving", new="loading"), NOTHING),
    "and where it was refused": (TRIED, there(old="serving", new="failed"), NOTHING),
    "then the canary is loaded": (TRIED, there(new="serving"), Load(CAN)),
    "then the shadow": (TRIED, there(new="serving", can="ready"), Load(SHADE)),
    "one at a time": (TRIED, there(new="serving", can="loading"), NOTHING),
    "and not while another load is being given up": (TRIED, there(new="serving", other="cancelled"), NOTHING),
    "a canary that was refused harms nobody": (TRIED, there(new="serving", can="failed"), Load(SHADE)),
    "candidates that are loaded are left alone": (
        TRIED,
        there(old="ready", new="serving", can="ready", shade="ready"),
        NOTHING,
    ),
    "a candidate that was stable before is loaded once": (
        wish("new", "old", canary=("old", 5), shadow=("old", 0.5)),
        there(old="ready", new="serving"),
        NOTHING,
    ),
    "it is loaded where it is not there": (
        wish("new", "old", canary=("old", 5)),
        there(new="serving"),
        Load(OLD),
    ),
    "a candidate that is stable is loaded once": (
        wish("new", canary=("new", 5)),
        there(new="serving"),
        NOTHING,
    ),
    "a candidate that is wished no more goes": (
        PROMOTED,
        there(old="ready", new="serving", can="ready"),
        Retire(2),
    ),
    "its load is given up": (PROMOTED, there(new="serving", can="loading"), Cancel(1)),
    "a promote of the canary only switches": (
        wish("can", "new"),
        there(new="serving", can="ready"),
        Switch(1),
    ),
    "a candidate that loads makes way for the stable version": (
        TRIED,
        there(old="serving", can="loading"),
        Cancel(1),
    ),
    "a candidate on its way out is awaited": (TRIED, there(new="serving", can="retired+"), NOTHING),
    "the stable version that does not fit gets the memory of the shadow": (
        TRIED,
        there(other="serving", can="ready", old="ready", shade="ready", new="waiting"),
        Evict(3),
    ),
    "then of the version before": (
        TRIED,
        there(other="serving", can="ready", old="ready", new="waiting"),
        Retire(2),
    ),
    "then of the canary": (TRIED, there(other="serving", can="ready", new="waiting"), Evict(1)),
    "what is not wished at all goes before": (
        wish("new", "old", shadow=("shade", 0.5)),
        there(shade="ready", new="waiting", other="ready"),
        Retire(2),
    ),
    "the canary that does not fit gets the memory of the shadow": (
        TRIED,
        there(new="serving", old="ready", shade="ready", can="waiting"),
        Evict(2),
    ),
    "and of the version before": (TRIED, there(new="serving", old="ready", can="waiting"), Retire(1)),
    "which it awaits": (TRIED, there(new="serving", old="closing", can="waiting"), NOTHING),
    "never that of the stable version: it is refused": (
        TRIED,
        there(new="serving", can="waiting"),
        Refuse(1),
    ),
    "the shadow gets nobody's": (
        TRIED,
        there(new="serving", old="ready", can="ready", shade="waiting"),
        Refuse(3),
    ),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_the_registry_acts_so_that_what_is_wished_serves(sentence: str) -> None:
    desired, versions, action = TABLE[sentence]
    assert decide(desired, versions) == action


def test_the_previous_version_is_the_first_to_go_where_memory_is_short() -> None:
    versions = there(old="ready", new="serving")
    assert decide(PROMOTED, versions, keeps_previous=False) == Retire(0)
    assert decide(PROMOTED, there(old="serving", new="failed"), keeps_previous=False) is None
    assert decide(PROMOTED, there(new="ready"), keeps_previous=False) == Switch(0)


def acted(action: Action, versions: Sequence[Snapshot]) -> list[Snapshot]:
    """The versions after an action, were all loads good and nothing held."""
    after = list(versions)
    match action:
        case Load(bundle):
            return [*after, Snapshot(bundle, VersionState.READY)]
        case Switch(position):
            for i, version in enumerate(after):
                if version.state is VersionState.SERVING:
                    after[i] = version._replace(state=VersionState.READY)
            after[position] = after[position]._replace(state=VersionState.SERVING)
        case Retire(position):
            after[position] = after[position]._replace(state=VersionState.RETIRED)
        case Cancel(position) | Close(position) | Forget(position):
            del after[position]
        case Evict(position) | Refuse(position):
            after[position] = after[position]._replace(state=VersionState.FAILED)
    return after


@pytest.mark.parametrize("keeps_previous", [True, False])
@pytest.mark.parametrize("sentence", TABLE)
def test_from_anywhere_it_comes_to_rest_and_never_drops_what_serves(
    sentence: str, *, keeps_previous: bool
) -> None:
    desired, versions, _ = TABLE[sentence]
    has_served = False
    for _ in range(20):
        action = decide(desired, versions, keeps_previous=keeps_previous)
        if action is None:
            return
        versions = acted(action, versions)
        serving = [version for version in versions if version.state is VersionState.SERVING]
        assert len(serving) == 1 or not has_served
        has_served = bool(serving)
    raise AssertionError(f"found no rest after 20 actions: {versions}")


SHORT: dict[str, tuple[Desired, list[Snapshot], Action | None]] = {
    "the shadow goes first": (TRIED, there(new="serving", can="ready", old="ready", shade="ready"), Evict(3)),
    "one at a time": (TRIED, there(new="serving", can="ready", old="ready", shade="closing"), NOTHING),
    "then the version before": (
        TRIED,
        there(new="serving", can="ready", old="ready", shade="failed"),
        Retire(2),
    ),
    "then the canary": (TRIED, there(new="serving", can="ready", shade="failed"), Evict(1)),
    "what serves stays": (TRIED, there(new="serving", can="failed", shade="failed"), NOTHING),
    "a shadow that is the version before is worth as much": (
        wish("new", "old", canary=("can", 5), shadow=("old", 0.5)),
        there(new="serving", can="ready", old="ready"),
        Evict(2),
    ),
    "a shadow that is the canary is worth as much": (
        wish("new", "old", canary=("can", 5), shadow=("can", 0.5)),
        there(new="serving", can="ready", old="ready"),
        Retire(2),
    ),
}


@pytest.mark.parametrize("sentence", SHORT)
def test_where_requests_are_short_of_memory(sentence: str) -> None:
    desired, versions, action = SHORT[sentence]
    assert decide(desired, versions, is_memory_short=True) == action


def test_a_canary_that_was_stable_before_stays_though_nothing_stands_by() -> None:
    desired = wish("new", "old", canary=("old", 5))
    assert decide(desired, there(old="ready", new="serving"), keeps_previous=False) is None
