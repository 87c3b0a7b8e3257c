"""models/<name>/state.json, the desired state of a model: which version serves, pinned by its digest, and which did before.

    {"schema": 2, "generation": 3, "stable": {"version", "digest"}, "previous": {..} | null, "canary": null, "shadow": null}

Schema 1, {"version", "digest", "previous"}, is read too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyparse.atomic import replace_file
from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import ConfigError, StateInvalid
from polyparse.schema import structure, unstructure

if TYPE_CHECKING:
    from pathlib import Path

FILE = "state.json"
SCHEMA = 2


@dataclass(frozen=True)
class Pointer:
    """A version, and the digest that its bundle must have."""

    version: str
    digest: str

    def __post_init__(self) -> None:
        """Raise ConfigError for a version that would lead out of the model's folder."""
        if not is_folder_name(self.version):
            raise ConfigError(f"version: found {self.version!r}, expected the name of a folder")


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """What serves, and what served before it; `generation` counts the edits. No canary or shadow is served yet."""

    schema: int
    generation: int
    stable: Pointer
    previous: Pointer | None
    canary: None = None
    shadow: None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for another schema, or a generation below 0."""
        if self.schema != SCHEMA:
            raise ConfigError(f"schema: found {self.schema}, expected {SCHEMA}")
        if self.generation < 0:
            raise ConfigError(f"generation: found {self.generation}, expected at least 0")


def read(model: Path) -> DesiredState | None:
    """The state of a model's folder, or None where it has none; raises StateInvalid."""
    file = model / FILE
    if not (file.exists() or file.is_symlink()):
        return None
    if not file.is_file():
        raise StateInvalid("found no file, but a folder, pipe or link to nothing, expected a file", file=file)
    try:
        return structure(DesiredState, _upgraded(json.loads(file.read_bytes())), where=FILE)
    except ConfigError as error:
        raise StateInvalid(str(error), file=file) from error
    except (ValueError, RecursionError) as error:
        raise StateInvalid(f"found no JSON: {error}", file=file) from error


def write(model: Path, state: DesiredState) -> None:
    """Replace state.json in one step: at any moment, and after a crash, it is either the old one or the new one."""
    content = json.dumps(unstructure(state), indent=1) + "\n"
    replace_file(model / FILE, content.encode())


def next_state(current: DesiredState | None, stable: Pointer) -> DesiredState:
    """The state after another version becomes stable: the version that is so now is then the previous one."""
    previous = None if current is None else current.stable
    generation = 1 if current is None else current.generation + 1
    return DesiredState(schema=SCHEMA, generation=generation, stable=stable, previous=previous)


def _upgraded(data: Any) -> Any:
    """Schema 1, which had no key `schema`, converted to the current one."""
    if not isinstance(data, dict) or "schema" in data:
        return data
    stable = {key: value for key, value in data.items() if key != "previous"}
    return {"schema": SCHEMA, "generation": 0, "stable": stable, "previous": data.get("previous")}
