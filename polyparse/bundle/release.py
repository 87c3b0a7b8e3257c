"""Which versions of a model serve: promote one, go back to the one before it, try a candidate beside it.

An edit is decided on one state and made on no other: StateChanged where another edit came between, whoever made it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.bundle.model import changed, check_unchanged, file_of, of
from polyparse.bundle.state import Action, Canary, Change, DesiredState, Pointer, Shadow, StateFile
from polyparse.errors import BundleNotFound, CandidateServes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from polyparse.bundle.model import Model


def decide_on(model: Model | Path, *, generation: int | None = None) -> StateFile:
    """The state to decide an edit on; StateChanged if it is not of the generation asked for (0: no state yet)."""
    current = of(model).state_file()
    if generation is not None and current.generation != generation:
        raise changed(of(model), current, f"generation {generation}, the one asked for")
    return current


class Edit(NamedTuple):
    """An edit: the state that it was decided on, who makes it, when, and why, where that is told."""

    decided_on: StateFile
    by: str
    at: str
    reason: str | None = None

    def change(self, action: Action) -> Change:
        """What the state says of it."""
        return Change(action, self.by, self.at, self.reason)


def promote(model: Model | Path, version: str, edit: Edit) -> DesiredState:
    """Verify a version and let it serve; if it serves already, nothing changes. Raises BundleError.

    Canary and shadow end: what they showed was about another stable version.
    """
    stable = verified(model, version)
    if (current := edit.decided_on.state) is not None and current.stable == stable:
        check_unchanged(of(model), edit.decided_on)
        return current
    change = edit.change("promote")
    return _made(model, edit, lambda after: states.next_state(current, stable, change, after=after))


def rollback(model: Model | Path, edit: Edit) -> DesiredState:
    """Verify the version that served before and let it serve again; a second rollback undoes the first.

    While a canary runs it is refused with CandidateServes: what is to go back, the candidate or the stable version?
    """
    current = edit.decided_on.state
    if current is not None and current.canary is not None:
        raise CandidateServes(
            f"found {current.canary.version} as a canary beside {current.stable.version}, expected none: to withdraw it, "
            "`polyparse models canary NAME --stop`; to go back behind the stable version too, do so after that",
            file=_state_file(model),
        )
    if current is None or current.previous is None:
        versions = "no state" if current is None else f"{current.stable.version!r} and none before it"
        raise BundleNotFound(
            f"found {versions}, expected an earlier version to go back to", file=_state_file(model)
        )
    previous, change = current.previous, edit.change("rollback")
    bundles.verify(of(model).bundle(previous.version, previous.digest), digest=previous.digest)
    return _made(model, edit, lambda after: states.next_state(current, previous, change, after=after))


def canary(model: Model | Path, version: str, percent: float, edit: Edit) -> DesiredState:
    """Verify a version and let it answer a percentage of the requests; raises BundleError."""
    current = _with_stable(model, edit)
    candidate = verified(model, version)
    _check_is_other(model, current.stable, candidate)
    wished = Canary(candidate.version, candidate.digest, percent)
    return _with_candidates(model, edit, current, wished, current.shadow, "canary")


def shadow(model: Model | Path, version: str, share: float, edit: Edit) -> DesiredState:
    """Verify a version and let it parse a share of the requests after they are answered; raises BundleError."""
    current = _with_stable(model, edit)
    candidate = verified(model, version)
    _check_is_other(model, current.stable, candidate)
    wished = Shadow(candidate.version, candidate.digest, share)
    return _with_candidates(model, edit, current, current.canary, wished, "shadow")


def stop_canary(model: Model | Path, edit: Edit) -> DesiredState:
    """Let the stable version answer all requests again; BundleNotFound where no canary runs."""
    current = _with_stable(model, edit)
    if current.canary is None:
        raise BundleNotFound("found no canary, expected one to stop", file=_state_file(model))
    return _with_candidates(model, edit, current, None, current.shadow, "canary-stop")


def stop_shadow(model: Model | Path, edit: Edit) -> DesiredState:
    """Compare no more; BundleNotFound where no shadow runs."""
    current = _with_stable(model, edit)
    if current.shadow is None:
        raise BundleNotFound("found no shadow, expected one to stop", file=_state_file(model))
    return _with_candidates(model, edit, current, current.canary, None, "shadow-stop")


def verified(model: Model | Path, version: str, digest: str | None = None) -> Pointer:
    """A version of a model, every byte of it verified, by its digest too where one is told; raises BundleError."""
    if version not in (versions := of(model).versions()):
        found = bundles.listed(versions)
        raise BundleNotFound(f"found {found}, expected a version {version!r}", file=of(model).place)
    bundle = of(model).bundle(version, digest)
    bundles.check_names(bundles.verify(bundle, digest=digest), bundle)
    return Pointer(version, bundles.digest(bundle))


def _with_stable(model: Model | Path, edit: Edit) -> DesiredState:
    if edit.decided_on.state is None:
        raise BundleNotFound(
            "found no state, expected one: promote the version that a candidate is to be compared with",
            file=_state_file(model),
        )
    return edit.decided_on.state


def _check_is_other(model: Model | Path, stable: Pointer, candidate: Pointer) -> None:
    if candidate == stable:
        raise CandidateServes(
            f"found {candidate.version}, which serves as the stable version, expected another one",
            file=_state_file(model),
        )


def _with_candidates(
    model: Model | Path,
    edit: Edit,
    current: DesiredState,
    canary: Canary | None,
    shadow: Shadow | None,
    action: Action,
) -> DesiredState:
    change = edit.change(action)
    return _made(
        model, edit, lambda after: states.with_candidates(current, canary, shadow, change, after=after)
    )


def _made(model: Model | Path, edit: Edit, state_after: Callable[[int], DesiredState]) -> DesiredState:
    """Write the state that follows a generation, unless another edit came between."""
    return of(model).replace_state(edit.decided_on, state_after)


class Named(NamedTuple):
    """A version by its name, and the digest that its bundle must have, where that is told."""

    version: str
    digest: str | None = None


class Wanted(NamedTuple):
    """A state as a whole, before its versions are verified: a canary with its percentage, a shadow with its share."""

    stable: Named
    canary: tuple[Named, float] | None = None
    shadow: tuple[Named, float] | None = None

    @property
    def versions(self) -> list[Named]:
        """Every version that is named, the stable one first."""
        candidates = (each for each in (self.canary, self.shadow) if each is not None)
        return [self.stable, *(named for named, _ in candidates)]


def put(model: Model | Path, wanted: Wanted, edit: Edit) -> DesiredState:
    """Verify every version that is named and let the state be as wanted; if it is so already, nothing changes.

    Where another version becomes stable, the one before it is the previous one. Raises BundleError.
    """
    stable = verified(model, *wanted.stable)
    canary, shadow = _candidates(model, stable, wanted)
    current, change = edit.decided_on.state, edit.change("put")
    if current is not None and (current.stable, current.canary, current.shadow) == (stable, canary, shadow):
        check_unchanged(of(model), edit.decided_on)
        return current

    def state_after(after: int) -> DesiredState:
        state = states.next_state(current, stable, change, after=after)
        previous = current.previous if current is not None and current.stable == stable else state.previous
        return replace(state, previous=previous, canary=canary, shadow=shadow)

    return _made(model, edit, state_after)


def stop(model: Model | Path, version: str, edit: Edit) -> DesiredState:
    """Try a version no more, be it canary, shadow or both; BundleNotFound where it is neither."""
    current = _with_stable(model, edit)
    canary = None if current.canary and current.canary.version == version else current.canary
    shadow = None if current.shadow and current.shadow.version == version else current.shadow
    action = STOPS.get((canary != current.canary, shadow != current.shadow))
    if action is None:
        raise BundleNotFound(
            f"found {version!r} neither as a canary nor as a shadow, expected one of them to stop",
            file=_state_file(model),
        )
    return _with_candidates(model, edit, current, canary, shadow, action)


STOPS: Mapping[tuple[bool, bool], Action] = {
    (True, False): "canary-stop",
    (False, True): "shadow-stop",
    (True, True): "put",
}
"""(whether the canary ends, whether the shadow does) -> the action."""


def _candidates(model: Model | Path, stable: Pointer, wanted: Wanted) -> tuple[Canary | None, Shadow | None]:
    canary = shadow = None
    if wanted.canary is not None:
        named, percent = wanted.canary
        candidate = _candidate(model, stable, named)
        canary = Canary(candidate.version, candidate.digest, percent)
    if wanted.shadow is not None:
        named, share = wanted.shadow
        candidate = _candidate(model, stable, named)
        shadow = Shadow(candidate.version, candidate.digest, share)
    return canary, shadow


def _candidate(model: Model | Path, stable: Pointer, named: Named) -> Pointer:
    candidate = verified(model, *named)
    _check_is_other(model, stable, candidate)
    return candidate


def _state_file(model: Model | Path) -> Path | str:
    return file_of(of(model), states.FILE)
