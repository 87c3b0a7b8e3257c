"""Which version of a model serves: promote one, or go back to the one before it.

An edit is decided on one state and made on no other: StateChanged where another edit came between, whoever made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.bundle import history
from polyparse.bundle import state as states
from polyparse.bundle import store as bundles
from polyparse.bundle.edit_lock import locked
from polyparse.bundle.state import Change, DesiredState, Pointer, StateFile
from polyparse.errors import BundleNotFound, StateChanged

if TYPE_CHECKING:
    from pathlib import Path

RETRY = "see what serves now (polyparse models list), and decide again"


def decide_on(model: Path, *, generation: int | None = None) -> StateFile:
    """The state to decide an edit on; StateChanged if it is not of the generation asked for (0: no state yet)."""
    current = states.read_file(model)
    if generation is not None and current.generation != generation:
        raise _changed(model, current, f"generation {generation}, the one asked for")
    return current


def promote(model: Path, version: str, *, decided_on: StateFile, by: str, at: str) -> DesiredState:
    """Verify a version and let it serve; if it serves already, nothing changes. Raises BundleError."""
    if version not in (versions := bundles.versions_in(model)):
        raise BundleNotFound(f"found {bundles.listed(versions)}, expected a version {version!r}", file=model)
    bundle = model / version
    bundles.check_names(bundles.verify(bundle), bundle)
    stable = Pointer(version, bundles.digest(bundle))
    if decided_on.state is not None and decided_on.state.stable == stable:
        _check_unchanged(model, decided_on)
        return decided_on.state
    return _edit(model, decided_on, stable, Change("promote", by, at))


def rollback(model: Path, *, decided_on: StateFile, by: str, at: str) -> DesiredState:
    """Verify the version that served before and let it serve again; a second rollback undoes the first."""
    current = decided_on.state
    if current is None or current.previous is None:
        versions = "no state" if current is None else f"{current.stable.version!r} and none before it"
        raise BundleNotFound(
            f"found {versions}, expected an earlier version to go back to", file=model / states.FILE
        )
    bundles.verify(model / current.previous.version, digest=current.previous.digest)
    return _edit(model, decided_on, current.previous, Change("rollback", by, at))


def _edit(model: Path, decided_on: StateFile, stable: Pointer, change: Change) -> DesiredState:
    with locked(model, edits=[states.FILE, history.FILE]):
        _check_unchanged(model, decided_on)
        past = history.keep(model, decided_on.state)
        state = states.next_state(decided_on.state, stable, change, after=past)
        states.write(model, state)
    return state


def _check_unchanged(model: Path, decided_on: StateFile) -> None:
    current = states.read_file(model)
    if current.content != decided_on.content:
        raise _changed(model, current, f"{_in_words(decided_on)}, on which this edit was decided")


def _changed(model: Path, current: StateFile, expected: str) -> StateChanged:
    message = f"found {_in_words(current)}, expected {expected}; {RETRY}"
    return StateChanged(message, file=model / states.FILE)


def _in_words(file: StateFile) -> str:
    if (state := file.state) is None:
        return "no state"
    change = state.change
    author = f"{change.action} by {change.by} at {change.at}" if change else "by whom it does not say"
    return f"generation {state.generation} ({state.stable.version} serves: {author})"
