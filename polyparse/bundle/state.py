"""models/<name>/state.json, the desired state of a model: which versions serve, each pinned by its digest.

    {"schema": 2, "generation": 3, "stable": {"version", "digest"}, "previous": {..} | null,
     "canary": {"version", "digest", "percent": 5.0} | null, "shadow": {"version", "digest", "share": 0.1} | null,
     "change": {"action": "promote", "by": "ann@laptop", "at": "2026-01-01T12:00:00+00:00", "reason": null} | null}

The stable version answers, but for `percent` of the requests, which the canary answers; the shadow parses a `share` of them
besides, for comparison. `change` may be left out, as 0.2 did. Schema 1, {"version", "digest", "previous"}, is read too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from polyparse.atomic import replace_file
from polyparse.bundle import plain_file
from polyparse.bundle.manifest import is_folder_name
from polyparse.errors import ConfigError, StateInvalid
from polyparse.schema import structure, unstructure

if TYPE_CHECKING:
    from pathlib import Path

FILE = "state.json"
SCHEMA = 2
CURE = "; restore the file, or move it away and promote a version"
LONGEST_BY = 200
LONGEST_REASON = 1000
Action = Literal["promote", "rollback", "canary", "canary-stop", "shadow", "shadow-stop", "put"]
ACTIONS: tuple[Action, ...] = get_args(Action)
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


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
class Canary(Pointer):
    """A candidate that answers `percent` of the requests, 0 to 100."""

    percent: float

    def __post_init__(self) -> None:
        """Raise ConfigError as a Pointer does, and for a percentage that is none."""
        super().__post_init__()
        if not 0 <= self.percent <= 100:
            raise ConfigError(f"percent: found {self.percent:g}, expected 0 to 100")


@dataclass(frozen=True)
class Shadow(Pointer):
    """A candidate that parses a `share` of the requests, 0 to 1, after they are answered."""

    share: float

    def __post_init__(self) -> None:
        """Raise ConfigError as a Pointer does, and for a share that is none."""
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise ConfigError(f"share: found {self.share:g}, expected 0 to 1")


@dataclass(frozen=True)
class Change:
    """Who made a generation, how, when by that one's clock, in UTC, and why, where it is told."""

    action: Action
    by: str
    at: str
    reason: str | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for a name or a reason that says nothing, and for a time that is none."""
        if not is_author(self.by):
            raise ConfigError(f"by: found {self.by!r}, expected a name of at most {LONGEST_BY} characters")
        if not is_utc(self.at):
            raise ConfigError(f"at: found {self.at!r}, expected a time such as 2026-01-01T12:00:00+00:00")
        if self.reason is not None and not is_reason(self.reason):
            raise ConfigError(
                f"reason: found {self.reason!r}, expected a text of at most {LONGEST_REASON} characters"
            )


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """What serves, what served before it, and the candidates; `generation` counts the edits."""

    schema: int
    generation: int
    stable: Pointer
    previous: Pointer | None
    canary: Canary | None = None
    shadow: Shadow | None = None
    change: Change | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for another schema, or a generation below 0."""
        if self.schema != SCHEMA:
            raise ConfigError(f"schema: found {self.schema}, expected {SCHEMA}")
        if self.generation < 0:
            raise ConfigError(f"generation: found {self.generation}, expected at least 0")


@dataclass(frozen=True)
class StateFile:
    """state.json as a decision was made on it: its bytes, and what they say; both None where there is no file."""

    content: bytes | None
    state: DesiredState | None

    @property
    def generation(self) -> int:
        """That of the state; 0 without one."""
        return 0 if self.state is None else self.state.generation


def read(model: Path) -> DesiredState | None:
    """The state of a model's folder, or None where it has none; raises StateInvalid."""
    return read_file(model).state


def read_file(model: Path) -> StateFile:
    """The state of a model's folder with the bytes that say so, by which a later change is seen; raises StateInvalid."""
    file = model / FILE
    content = plain_file.read(file)
    return StateFile(content, None if content is None else parse(content, file=file))


def parse(content: bytes, *, file: Path | str) -> DesiredState:
    """What the bytes of a state.json say; raises StateInvalid, which names `file`, what was found, and a cure."""
    try:
        data = json.loads(content.decode("utf-8-sig"))
        if (schema := _later_schema(data)) is not None:
            message = (
                f"schema: found {schema}, expected {SCHEMA}: a later polyparse wrote it; upgrade this one"
            )
            raise StateInvalid(message, file=file)
        return structure(DesiredState, _upgraded(data), where=FILE)
    except ConfigError as error:
        raise StateInvalid(f"{error}{CURE}", file=file) from error
    except (ValueError, RecursionError) as error:
        raise StateInvalid(f"found no JSON ({error}), expected an object{CURE}", file=file) from error


def write(model: Path, state: DesiredState) -> None:
    """Replace state.json in one step: at any moment, and after a crash, it is either the old one or the new one."""
    replace_file(model / FILE, encoded(state))


def encoded(state: DesiredState) -> bytes:
    """The bytes of a state.json that says this."""
    return (json.dumps(unstructure(state), indent=1) + "\n").encode()


def next_state(
    current: DesiredState | None, stable: Pointer, change: Change | None = None, *, after: int = 0
) -> DesiredState:
    """The state after another version becomes stable: the version that is so now is then the previous one.

    Its generation is above that of the current state, and above `after`. Canary and shadow end: what they showed was
    about another stable version.
    """
    previous = None if current is None else current.stable
    generation = _generation(current, after)
    return DesiredState(schema=SCHEMA, generation=generation, stable=stable, previous=previous, change=change)


def with_candidates(
    current: DesiredState, canary: Canary | None, shadow: Shadow | None, change: Change, *, after: int = 0
) -> DesiredState:
    """The state after other candidates are tried beside the same stable version; its generation as in `next_state`."""
    generation = _generation(current, after)
    return replace(current, generation=generation, canary=canary, shadow=shadow, change=change)


def _generation(current: DesiredState | None, after: int) -> int:
    return 1 + max(after, 0 if current is None else current.generation)


def is_author(text: str) -> bool:
    """Whether a text can stand for who made a change: neither empty nor long, and with a form in UTF-8."""
    return 0 < len(text.strip()) <= len(text) <= LONGEST_BY and not LONE_SURROGATE.search(text)


def is_reason(text: str) -> bool:
    """Whether a text can stand for why a change was made: neither empty nor long, and with a form in UTF-8."""
    return 0 < len(text.strip()) <= len(text) <= LONGEST_REASON and not LONE_SURROGATE.search(text)


def is_utc(text: str) -> bool:
    """Whether a text is a date and a time in UTC, by ISO 8601."""
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


def _later_schema(data: Any) -> int | None:
    """The number of a schema that is later than ours: its keys, which we do not know, would be called wrong."""
    schema = data.get("schema") if isinstance(data, dict) else None
    return schema if type(schema) is int and schema > SCHEMA else None


def _upgraded(data: Any) -> Any:
    """Schema 1, which had no key `schema`, converted to the current one."""
    if not isinstance(data, dict) or "schema" in data:
        return data
    stable = {key: value for key, value in data.items() if key != "previous"}
    return {"schema": SCHEMA, "generation": 0, "stable": stable, "previous": data.get("previous")}
