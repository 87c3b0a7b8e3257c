"""models/<name>/state.json: the version of a model that serves, pinned by its digest, and the one before it."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import ConfigError, StateInvalid
from polyparse.schema import structure, unstructure

FILE = "state.json"


@dataclass(frozen=True)
class Pointer:
    """A version, and the digest that its bundle must have."""

    version: str
    digest: str

    def __post_init__(self) -> None:
        """Raise ConfigError for a version that would lead out of the model's folder."""
        if not is_folder_name(self.version):
            raise ConfigError(f"version: found {self.version!r}, expected the name of a folder")


@dataclass(frozen=True)
class State(Pointer):
    """What serves, and what served before it."""

    previous: Pointer | None = None


def read(model: Path) -> State | None:
    """The state of a model's folder, or None where it has none; raises StateInvalid."""
    file = model / FILE
    if not file.is_file():
        return None
    try:
        return structure(State, json.loads(file.read_bytes()), where=FILE)
    except ValueError as error:
        raise StateInvalid(f"found no JSON: {error}", file=file) from error
    except ConfigError as error:
        raise StateInvalid(str(error), file=file) from error


def write(model: Path, state: State) -> None:
    """Replace state.json in one step: a reader, or a machine that stops, finds the old one or the new one whole."""
    content = json.dumps(unstructure(state), indent=1) + "\n"
    with tempfile.NamedTemporaryFile("w", dir=model, prefix=f".{FILE}.", delete=False) as stream:
        temporary = Path(stream.name)
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            temporary.chmod(0o644)
            temporary.replace(model / FILE)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync(model)


def sync(folder: Path) -> None:
    """Make a rename inside the folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
