"""`polyparse models list`: every version, which one serves, and what each process that serves does with each of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from statistics import mean
from typing import TYPE_CHECKING

from polyparse.bundle import manifest as manifests
from polyparse.bundle.model import file_of
from polyparse.bundle.status import CURE, STATES, ProcessStatus, Reason
from polyparse.cli.place import models_of
from polyparse.cli.table import print_table
from polyparse.errors import BundleError, BundleNotFound
from polyparse.schema import unstructure
from polyparse.visible import visible

if TYPE_CHECKING:
    import argparse

    from polyparse.bundle.model import Model
    from polyparse.bundle.state import DesiredState
    from polyparse.bundle.status import VersionStatus

HEADER = ("NAME", "VERSION", "SERVES", "LOCALES", "EXACT MATCH", "SIZE", "PROCESSES")
PROCESS_HEADER = ("PROCESS", "NAME", "GENERATION", "AT", "VERSIONS")
DIGITS = 12
"""Of a digest that is not the one of the folder."""


@dataclass(frozen=True)
class ListedVersion:
    """A version in a model's folder, or one that should be there; `serves` is null where the state cannot be read.

    `percent` is the canary's, `share` the shadow's.
    """

    version: str
    digest: str | None
    serves: bool | None
    percent: float | None = None
    share: float | None = None
    locales: tuple[str, ...] = ()
    exact_match: float | None = None
    bytes: int | None = None
    refused: Reason | None = None


@dataclass(frozen=True)
class ListedModel:
    """A model: the generation of its state, its versions, and what the processes that serve it say."""

    name: str
    generation: int | None
    refused: Reason | None
    versions: tuple[ListedVersion, ...]
    processes: tuple[ProcessStatus, ...]


def list_models(options: argparse.Namespace) -> int:
    """Print a table of all versions, or JSON; the status is 2 if a state is refused."""
    place = models_of(options)
    models = [look_at(place.model(name)) for name in place.names()]
    if not models:
        raise BundleNotFound("found nothing, expected a model", file=place.place)
    if options.json:
        print(json.dumps(unstructure(models), ensure_ascii=False, indent=1))
    else:
        print_models(models)
    return 2 if any(model.refused for model in models) else 0


def look_at(model: Model) -> ListedModel:
    """A model as it is in its place and in its processes; what cannot be read is part of the answer."""
    try:
        state, refused = model.state_file().state, None
    except BundleError as error:
        state, refused = None, _reason(error)
    wished = [each for each in (state.stable, state.canary, state.shadow) if each] if state else []
    names = sorted({*model.versions(), *(each.version for each in wished)})
    return ListedModel(
        name=model.name,
        generation=state.generation if state else None,
        refused=refused,
        versions=tuple(
            _with_roles(look_at_version(model, name), state, is_known=refused is None) for name in names
        ),
        processes=tuple(model.statuses()),
    )


def _with_roles(version: ListedVersion, state: DesiredState | None, *, is_known: bool) -> ListedVersion:
    """A version, with what the state wishes of it."""
    if state is None:
        return replace(version, serves=False if is_known else None)
    canary, shadow = state.canary, state.shadow
    return replace(
        version,
        serves=version.version == state.stable.version,
        percent=canary.percent if canary and canary.version == version.version else None,
        share=shadow.share if shadow and shadow.version == version.version else None,
    )


def look_at_version(model: Model, version: str) -> ListedVersion:
    """A version by its manifest; the other files are not read."""
    digest = None
    try:
        content = model.manifest(version)
        digest = hashlib.sha256(content).hexdigest()
        manifest = manifests.parse(content, file=file_of(model, f"{version}/{manifests.FILE}"))
    except BundleError as error:
        return ListedVersion(version, digest, None, refused=_reason(error))
    measured = [measures.get("exact_match") for measures in manifest.measures.values()]
    numbers = [value for value in measured if isinstance(value, float | int)]
    return ListedVersion(
        version,
        digest,
        None,
        locales=manifest.locales,
        exact_match=mean(numbers) if numbers else None,
        bytes=len(content) + sum(record.size for record in manifest.files.values()),
    )


def print_models(models: list[ListedModel]) -> None:
    """Print the versions; below them, where there are any, the processes, and why versions failed in them."""
    rows = [cells_of(model, version) for model in models for version in model.versions]
    processes = [cells_of_process(model, process) for model in models for process in model.processes]
    if processes:
        print_table(HEADER, rows)
        print()
        print_table(PROCESS_HEADER, processes)
    else:
        print_table(HEADER[:-1], [row[:-1] for row in rows])
    notes = [note for model in models for note in notes_on(model)]
    for note in ["", *notes] if notes else []:
        print(visible(note))


def cells_of(model: ListedModel, version: ListedVersion) -> tuple[str, ...]:
    """The cells of a version, as in HEADER."""
    serves = _roles(version)
    doing = Counter(each.state for each in _of_processes(model) if each.version == version.version)
    processes = ", ".join(f"{doing[state]} {state}" for state in STATES if doing[state])
    if version.refused:
        return (model.name, version.version, serves, f"refused: {version.refused.code}", "", "", processes)
    exact_match = "-" if version.exact_match is None else f"{version.exact_match:.3f}"
    size = f"{(version.bytes or 0) / 1e6:.1f} MB"
    return (model.name, version.version, serves, " ".join(version.locales), exact_match, size, processes)


def _roles(version: ListedVersion) -> str:
    """What a version does, in the words of the table."""
    roles = [{True: "yes", False: "", None: "?"}[version.serves]]
    roles += [] if version.percent is None else [f"canary {version.percent:g} %"]
    roles += [] if version.share is None else [f"shadow {version.share:g}"]
    return ", ".join(role for role in roles if role)


def cells_of_process(model: ListedModel, process: ProcessStatus) -> tuple[str, ...]:
    """The cells of a process, as in PROCESS_HEADER: the generation that it follows, and which it should."""
    generation = "-" if process.generation is None else str(process.generation)
    if model.generation is not None and process.generation != model.generation:
        generation += f" of {model.generation}"
    ordered = sorted(process.versions, key=lambda each: (STATES.index(each.state), each.version))
    versions = ", ".join(f"{_title(model, each)} {_doing(each)}" for each in ordered)
    return (_name(process), model.name, generation, process.at, versions or "-")


def notes_on(model: ListedModel) -> list[str]:
    """Why the state is refused, and why versions failed: each reason once, with the processes that give it."""
    processes: dict[tuple[str, str, Reason], list[str]] = {}
    for process in model.processes:
        for version in process.versions:
            if version.reason is not None:
                key = (_title(model, version), version.state, version.reason)
                processes.setdefault(key, []).append(_name(process))
    notes = (
        [f"{model.name}: refused ({model.refused.code}): {model.refused.message}"] if model.refused else []
    )
    for (title, state, reason), names in processes.items():
        cause = f"({reason.code}): {reason.message}"
        notes.append(f"{model.name} {title}: {state} in {', '.join(names)} {cause}; {CURE}")
    return notes


def _of_processes(model: ListedModel) -> list[VersionStatus]:
    return [version for process in model.processes for version in process.versions]


def _name(process: ProcessStatus) -> str:
    return f"{process.host}-{process.pid}"


def _title(model: ListedModel, status: VersionStatus) -> str:
    """The version, and its digest where it is not the one of the folder any more."""
    if any((each.version, each.digest) == (status.version, status.digest) for each in model.versions):
        return status.version
    return f"{status.version}@{status.digest[:DIGITS]}"


def _doing(version: VersionStatus) -> str:
    """The state of a version in a process, and what that process finds of it as a canary."""
    return version.state if version.verdict is None else f"{version.state} ({version.verdict})"


def _reason(error: BundleError) -> Reason:
    return Reason(error.code, str(error))
