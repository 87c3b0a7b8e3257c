"""A plan: runs that learn from each other, read from a TOML file, and which of them can begin.

    set = ["data.choose_on=held"]                            settings of all runs, which those of the command line overrule
    [runs]        name = { recipe = "...", teachers = "ensemble or run", start = "run", set = ["optim.epochs=3"] }
                  name = { recipe = "...", also = ["name of another task", "name=FORMAT:PATH"] }
    [ensembles]   name = ["run or ensemble", { of = "run or ensemble", weight = 3 }]
    [settings]    name = ["optim.epochs=3", "optim.batch_size=32"]

A run is called as its recipe unless it says another one. A weight counts a teacher, or all of an ensemble, as often. Another
task without a corpus has that of the plan; its data options say what of it. `set` may name settings that several runs have
in common.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from polyparse.bounds import POSITIVE, check_bounds
from polyparse.errors import ConfigError
from polyparse.schema import override, structure
from train.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from train.config import RunConfig


@dataclass(frozen=True)
class Weighted:
    """A run or an ensemble that counts `weight` times."""

    of: str
    weight: int = 1

    def __post_init__(self) -> None:
        check_bounds(self, weight=POSITIVE)


@dataclass(frozen=True)
class PlannedRun:
    """A run of a plan as its file has it."""

    recipe: str | None = None
    teachers: str | None = None
    start: str | None = None
    set: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanFile:
    """What the file of a plan has."""

    runs: Mapping[str, PlannedRun]
    set: tuple[str, ...] = ()
    ensembles: Mapping[str, tuple[str | Weighted, ...]] = field(default_factory=dict)
    settings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanStep:
    """A run whose recipe and parents are known; `teachers` has a name as often as it counts.

    `settings` are its own; `of_plan` are those of all runs of its plan.
    """

    name: str
    recipe: str
    teachers: tuple[str, ...]
    start: str | None
    settings: tuple[str, ...]
    of_plan: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def all_settings(self, settings: Sequence[str]) -> tuple[str, ...]:
        """In the order in which they overrule each other: the plan's, `settings` of a command line, the run's own."""
        return (*self.of_plan, *settings, *self.settings)

    def config(self, settings: Sequence[str] = ()) -> RunConfig:
        """The whole config of the run; `settings` are those of a command line.

        Raises:
            ConfigError: a setting is none; it names the run.
        """
        try:
            return override(RECIPES[self.recipe](), self.all_settings(settings))
        except ConfigError as error:
            raise ConfigError(f"runs.{self.name}: {error}") from error

    @property
    def parents(self) -> set[str]:
        """The runs that have to be finished before."""
        return {*self.teachers, *([self.start] if self.start else [])}


def read_plan(path: Path) -> dict[str, PlanStep]:
    """The steps of a plan's file by name, parents before those that need them.

    Raises:
        ConfigError: there is no such file, it is no plan, it names what it does not have, or runs wait for each other.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: found no plan ({error}), expected TOML") from error
    file = structure(PlanFile, data, where=str(path))
    steps = {name: _step(name, run, file, path) for name, run in file.runs.items()}
    try:
        order = TopologicalSorter({name: step.parents for name, step in steps.items()}).static_order()
        return {name: steps[name] for name in order}
    except CycleError as error:
        raise ConfigError(
            f"{path}: found runs that wait for each other, {' -> '.join(error.args[1])}, expected none"
        ) from None


def shown(steps: Mapping[str, PlanStep], settings: Sequence[str]) -> dict[str, dict[str, object]]:
    """All that the runs of a plan are: recipe, teachers with their weights, start, other tasks, whole config."""
    return {
        name: {
            "recipe": step.recipe,
            "teachers": dict(Counter(step.teachers)),
            "start": step.start,
            "also": step.also,
            "config": step.config(settings),
        }
        for name, step in steps.items()
    }


def ready(
    steps: Mapping[str, PlanStep],
    finished: Collection[str],
    running: Collection[str],
    failed: Collection[str],
) -> list[PlanStep]:
    """The steps that can begin: neither begun nor failed, with all parents finished."""
    begun = {*finished, *running, *failed}
    return [step for step in steps.values() if step.name not in begun and step.parents <= set(finished)]


def _step(name: str, run: PlannedRun, file: PlanFile, path: Path) -> PlanStep:
    recipe = run.recipe or name
    if recipe not in RECIPES:
        raise ConfigError(
            f"{path}: runs.{name}: found recipe {recipe!r}, expected one of {', '.join(RECIPES)}"
        )
    if run.start is not None and run.start not in file.runs:
        raise ConfigError(f"{path}: runs.{name}.start: found {run.start!r}, expected a run of this plan")
    teachers = _members(run.teachers, file, path, ()) if run.teachers else []
    return PlanStep(
        name,
        recipe,
        tuple(teachers),
        run.start,
        tuple(_settings(name, run, file, path)),
        of_plan=file.set,
        also=run.also,
    )


def _settings(name: str, run: PlannedRun, file: PlanFile, path: Path) -> Iterator[str]:
    """Those of a run, what it names replaced by what that is."""
    for entry in run.set:
        if "=" in entry:
            yield entry
        elif entry in file.settings:
            yield from file.settings[entry]
        else:
            names = ", ".join(file.settings) or "none"
            raise ConfigError(
                f"{path}: runs.{name}.set: found {entry!r}, expected KEY=VALUE or some of the plan's settings, {names}"
            )


def _members(name: str, file: PlanFile, path: Path, inside: tuple[str, ...]) -> list[str]:
    """The runs of a run or an ensemble, in their order, each as often as it counts; `inside` are those that hold it."""
    if name in file.runs:
        return [name]
    if name not in file.ensembles or name in inside:
        expected = "no ensemble in itself" if name in inside else "a run or an ensemble of this plan"
        raise ConfigError(f"{path}: found {name!r} among teachers, expected {expected}")
    entries = [Weighted(entry) if isinstance(entry, str) else entry for entry in file.ensembles[name]]
    return [
        member
        for entry in entries
        for _ in range(entry.weight)
        for member in _members(entry.of, file, path, (*inside, name))
    ]
