"""The edits of the state of this service's model that HTTP asks for. They read and write files: not for an event loop.

    can it be written? -> the generation asked for -> golden frames of each version named -> polyparse.bundle.release

Whatever refuses one is an error of the table in service/errors.py.
"""

import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import NamedTuple

from polyparse.bundle import release, store
from polyparse.bundle import state as states
from polyparse.bundle.model import Model
from polyparse.bundle.release import Edit, Named, Wanted
from polyparse.bundle.state import DesiredState, StateFile
from polyparse.bundle.store import Located
from polyparse.errors import (
    BundleError,
    BundleNotFound,
    CandidateServes,
    ConfigError,
    DeviceUnavailable,
    ModelRunFailed,
    StateChanged,
    StateInvalid,
    StateLocked,
)
from polyparse.visible import visible
from service.errors import ReadOnly, ServiceError, VersionRefused, VersionServes
from service.registry.errors import LoadError

Check = Callable[[Located, Event], object]
"""Loads a bundle and compares its golden frames; raises what is wrong with it, or LoadCancelled once the event is set."""

LONGEST_NAME = 64
"""Of the caller's own name in the history."""
OF_THE_STATE = (StateChanged, StateInvalid, StateLocked, CandidateServes)
"""What a caller hears as it is; all else that is wrong with a bundle is VersionRefused."""


logger = logging.getLogger(__name__)


class Asker(NamedTuple):
    """Who asks for an edit, where he says so, why, and on which generation he decided it, where he decided on one."""

    name: str | None = None
    reason: str | None = None
    generation: int | None = None


class StateEdits:
    """Edits one model; one at a time is enough, and any number is safe."""

    def __init__(self, model: Model | None, check: Check) -> None:
        """`model` is None where one bundle is served, and no state is followed."""
        self._model = model
        self._check = check
        self._host = socket.gethostname()

    def put(self, wanted: Wanted, asker: Asker, is_cancelled: Event) -> DesiredState:
        """Let the state be as wanted."""
        with self._editing(asker) as (model, edit):
            self._check_all(model, wanted.versions, is_cancelled)
            return _told(edit, release.put(model, wanted, edit))

    def promote(self, version: str | None, asker: Asker, is_cancelled: Event) -> DesiredState:
        """Let a version serve all requests; None stands for the one that is wished already."""
        with self._editing(asker) as (model, edit):
            version = version or _stable(model, edit.decided_on)
            if version is None:
                raise VersionRefused("found several versions and no state, expected the name of one")
            self._check_all(model, [Named(version)], is_cancelled)
            return _told(edit, release.promote(model, version, edit))

    def rollback(self, asker: Asker, is_cancelled: Event) -> DesiredState:
        """Let the version serve again that did before; its golden frames were right when it was promoted."""
        with self._editing(asker, no_version=BundleNotFound) as (model, edit):
            _check_wanted(is_cancelled)
            return _told(edit, release.rollback(model, edit))

    def stop(self, version: str | None, asker: Asker, is_cancelled: Event) -> DesiredState:
        """Try a candidate no more; VersionServes for the stable version, which None stands for."""
        with self._editing(asker, no_version=BundleNotFound) as (model, edit):
            stable = _stable(model, edit.decided_on)
            is_candidate = version in _candidates(edit.decided_on)
            if version is None or (version == stable and not is_candidate):
                raise VersionServes(
                    f"found {stable or version}, which serves, expected a canary or a shadow: without the version that "
                    "serves nobody would be answered; to let another one serve, load that one"
                )
            _check_wanted(is_cancelled)
            return _told(edit, release.stop(model, version, edit))

    @contextmanager
    def _editing(
        self, asker: Asker, *, no_version: type[BundleError] | None = None
    ) -> Iterator[tuple[Model, Edit]]:
        """The folder and the edit; `no_version` is what stays where a state names too few versions, and nothing else is."""
        if self._model is None:
            raise ReadOnly("found a single bundle, expected a model's folder, whose state says what serves")
        try:
            self._model.check_editable()
        except (ConfigError, BundleError) as error:
            raise ReadOnly(str(error)) from None
        try:
            yield self._model, self._edit(self._model, asker)
        except (ServiceError, *OF_THE_STATE):
            raise
        except (BundleError, ConfigError, DeviceUnavailable, LoadError, ModelRunFailed) as error:
            if no_version is not None and isinstance(error, no_version):
                raise
            raise VersionRefused(f"{error} ({error.code})") from error
        except OSError as error:
            raise ReadOnly(
                f"{error.filename}: found no way to write it ({error.strerror}), expected one"
            ) from error

    def _edit(self, model: Model, asker: Asker) -> Edit:
        decided_on = release.decide_on(model, generation=asker.generation)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return Edit(decided_on, author(self._host, asker.name), at, asker.reason)

    def _check_all(self, model: Model, versions: Iterable[Named], is_cancelled: Event) -> None:
        """Compare the golden frames of each version, once; a version that is not there is refused before any."""
        versions = list(dict.fromkeys(versions))
        for named in versions:
            if named.version not in (there := model.versions()):
                raise VersionRefused(
                    f"found the versions {store.listed(there)}, expected {named.version[:LONGEST_NAME]!r} to be one of them"
                )
        for named in versions:
            self._check(Located(model.bundle(named.version, named.digest), named.digest), is_cancelled)
        _check_wanted(is_cancelled)


def _told(edit: Edit, state: DesiredState) -> DesiredState:
    """The state, once the log says who changed it, where it was changed."""
    if state != edit.decided_on.state:
        fields = {"generation": state.generation, "by": edit.by, "stable": state.stable.version}
        logger.info("state edited", extra=fields)
    return state


def author(host: str, name: str | None) -> str:
    """Who an edit is by: the service's host, and the name that the caller gave; bounded, escaped where nothing is seen."""
    by = visible(f"admin@{host}")[: states.LONGEST_BY - LONGEST_NAME - 3]
    return by if name is None else f"{by} ({visible(name)[:LONGEST_NAME]})"


def _stable(model: Model, decided_on: StateFile) -> str | None:
    """The name of the version that serves, with or without a state."""
    if decided_on.state is not None:
        return decided_on.state.stable.version
    versions = model.versions()
    return versions[0] if len(versions) == 1 else None


def _candidates(decided_on: StateFile) -> list[str]:
    state = decided_on.state
    return (
        [] if state is None else [each.version for each in (state.canary, state.shadow) if each is not None]
    )


def _check_wanted(is_cancelled: Event) -> None:
    """Let an edit be made only while somebody waits for it: nobody would know of it."""
    if is_cancelled.is_set():
        raise VersionRefused(
            "found nobody who waits for the edit any more, expected its caller to; it was not made"
        )
