"""A model wherever it is kept: its state, history, versions and processes; and the one that is kept in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from polyparse.atomic import replace_file
from polyparse.bundle import history, plain_file
from polyparse.bundle import manifest as manifests
from polyparse.bundle import state as states
from polyparse.bundle import status as statuses
from polyparse.bundle import store as bundles
from polyparse.bundle.edit_lock import locked
from polyparse.errors import BundleNotFound, StateChanged
from polyparse.outputs import check_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from polyparse.bundle.history import Archive
    from polyparse.bundle.state import DesiredState, StateFile
    from polyparse.bundle.status import ProcessStatus

RETRY = "see what serves now (polyparse models list), and decide again"


class Model(Protocol):
    """What is asked of a model, and changed of it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def place(self) -> Path | str:
        """Its folder, or its URL."""

    def state_file(self) -> StateFile:
        """Its state, with the bytes that say so; raises StateInvalid."""

    def replace_state(
        self, decided_on: StateFile, state_after: Callable[[int], DesiredState]
    ) -> DesiredState:
        """Write the state that follows a generation; StateChanged where the state is not the one decided on.

        The state that is replaced is in the history before.
        """

    def check_editable(self) -> None:
        """Raise ConfigError or BundleError where its state cannot be edited, or not safely."""

    def history(self) -> Archive:
        """All generations of its state that are known, the current one included."""

    def versions(self) -> list[str]:
        """The names of its versions, in order."""

    def manifest(self, version: str) -> bytes:
        """The manifest of a version; FileMissing where there is none."""

    def bundle(self, version: str, digest: str | None = None) -> Path:
        """The folder of a version's bundle on this machine; where it had to be fetched, it was verified."""

    def signature(self, digest: str) -> bytes | None:
        """The signature of a bundle, None where it is not signed."""

    def put_signature(self, digest: str, content: bytes) -> None:
        """Keep the signature of a bundle."""

    def statuses(self) -> list[ProcessStatus]:
        """What each process that serves it says of itself."""

    def write_status(self, status: ProcessStatus) -> None:
        """Let a process say something of itself; OSError or BundleError where that is not possible."""

    def remove_status(self, host: str, pid: int) -> None:
        """Forget a process that ends; OSError or BundleError where that is not possible."""


class Models(Protocol):
    """A folder of models, or a repository of them."""

    @property
    def place(self) -> Path | str:
        """The folder, or the URL."""

    def names(self) -> list[str]:
        """The names of its models, in order."""

    def model(self, name: str) -> Model:
        """The model of a name, be it there or not; BundleNotFound for what is no name."""


class FolderModel:
    """A model in a folder of its own. Edits hold a lock that ends with the process."""

    def __init__(self, folder: Path) -> None:
        self.name, self.place = folder.name, folder

    def state_file(self) -> StateFile:
        """See `Model`."""
        return states.read_file(self.place)

    def replace_state(
        self, decided_on: StateFile, state_after: Callable[[int], DesiredState]
    ) -> DesiredState:
        """See `Model`; StateLocked where another edit does not end."""
        with locked(self.place, edits=[states.FILE, history.FILE]):
            check_unchanged(self, decided_on)
            state = state_after(history.keep(self.place, decided_on.state))
            states.write(self.place, state)
        return state

    def check_editable(self) -> None:
        """See `Model`."""
        check_folder(self.place, files=[states.FILE])

    def history(self) -> Archive:
        """See `Model`."""
        return history.read(self.place)

    def versions(self) -> list[str]:
        """See `Model`."""
        return bundles.versions_in(self.place)

    def manifest(self, version: str) -> bytes:
        """See `Model`."""
        return bundles.read(self.place / version / manifests.FILE)

    def bundle(self, version: str, digest: str | None = None) -> Path:
        """See `Model`."""
        return self.place / version

    def signature(self, digest: str) -> bytes | None:
        """See `Model`."""
        return plain_file.read(self.place / signature_of(digest))

    def put_signature(self, digest: str, content: bytes) -> None:
        """See `Model`."""
        file = self.place / signature_of(digest)
        file.parent.mkdir(exist_ok=True)
        replace_file(file, content)

    def statuses(self) -> list[ProcessStatus]:
        """See `Model`."""
        return statuses.read_all(self.place)

    def write_status(self, status: ProcessStatus) -> None:
        """See `Model`."""
        statuses.write(self.place, status)

    def remove_status(self, host: str, pid: int) -> None:
        """See `Model`."""
        statuses.remove(self.place, host, pid)


class FolderModels:
    """A folder of models."""

    def __init__(self, folder: Path) -> None:
        self.place = folder

    def names(self) -> list[str]:
        """See `Models`."""
        return bundles.models_in(self.place)

    def model(self, name: str) -> FolderModel:
        """See `Models`."""
        check_name(self, name)
        return FolderModel(self.place / name)


def signature_of(digest: str) -> str:
    """Where the signature of a bundle stands beside its model's versions."""
    return f".signatures/{digest}.sig"


def of(model: Model | Path) -> Model:
    """The model; that of a folder, given one."""
    return FolderModel(model) if isinstance(model, Path) else model


def file_of(model: Model, name: str) -> Path | str:
    """A file of a model, as messages name it."""
    return model.place / name if isinstance(model.place, Path) else f"{model.place}/{name}"


def check_name(models: Models, name: str) -> None:
    """Raise BundleNotFound for what can be no model's name, and would lead to another place."""
    if not manifests.is_folder_name(name):
        names = bundles.listed(models.names())
        raise BundleNotFound(f"found {names}, expected a model named {name!r}", file=models.place)


def check_unchanged(model: Model, decided_on: StateFile) -> None:
    """Raise StateChanged unless the state is the one that an edit was decided on."""
    current = model.state_file()
    if current.content != decided_on.content:
        raise changed(model, current, f"{in_words(decided_on)}, on which this edit was decided")


def changed(model: Model, current: StateFile, expected: str) -> StateChanged:
    """The refusal of an edit: what the state is, and what was expected."""
    message = f"found {in_words(current)}, expected {expected}; {RETRY}"
    return StateChanged(message, file=file_of(model, states.FILE))


def in_words(file: StateFile) -> str:
    """A state as messages name it: its generation, what serves, and who let it."""
    if (state := file.state) is None:
        return "no state"
    change = state.change
    author = f"{change.action} by {change.by} at {change.at}" if change else "by whom it does not say"
    return f"generation {state.generation} ({state.stable.version} serves: {author})"
