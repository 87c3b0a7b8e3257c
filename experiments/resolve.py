"""What there is to do in a study: its runs and commands, each with the hash that names its results.

A hash covers the whole config, the files read, the code, the libraries, the parent runs and what is measured. A folder has
it in its name, so that nothing is taken for what it is not; what is there under the same hash is not done again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from experiments.code_version import TRAINING, CodeVersion, code_version
from experiments.data_digest import corpus_files, digest_of
from experiments.measurement import MeasuredCorpus
from experiments.study import StudyCommand
from polyparse.errors import ConfigError
from polyparse.schema import unstructure
from train.plan import PlanStep, read_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from experiments.study import Profile, Study, StudyPart
    from train.config import RunConfig

LIBRARIES = ("torch", "numpy", "scipy")
COMMANDS = "commands"
"""The part that commands are of."""


class StudyFile(NamedTuple):
    """A study, where it stands, the profile, and FORMAT:PATH of its corpora by name."""

    study: Study
    path: Path
    profile: Profile
    corpora: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of its results."""
        return self.path.stem


@dataclass(frozen=True)
class StudyStep(PlanStep):
    """A step that also waits for the runs that measuring it needs."""

    measured_by: tuple[str, ...] = ()

    @property
    def parents(self) -> set[str]:
        """The runs that have to be finished before."""
        return {*super().parents, *self.measured_by}


@dataclass(frozen=True, kw_only=True)
class Todo:
    """One run or command of a study: a step of a plan by its full name, and all that its line says of it.

    `test` is what is measured, None where nothing is: a run that others start from. `unknown_to` are full names by the
    plan's names.
    """

    step: StudyStep
    part: str
    run: str
    seed: int
    hash: str
    code: CodeVersion
    code_paths: tuple[str, ...]
    data: str
    locales: tuple[str, ...] = ()
    corpus: str = ""
    test: MeasuredCorpus | None = None
    decoders: bool = False
    unknown_to: tuple[tuple[str, str], ...] = ()
    command: StudyCommand | None = None

    @property
    def is_measured(self) -> bool:
        """Whether a line is written of it."""
        return self.test is not None or self.command is not None


def todos_of(file: StudyFile) -> dict[str, Todo]:
    """Everything to do by its full name: seed by seed, parents before those that need them, commands last.

    Raises:
        ConfigError: a plan or a setting is none, rows name runs that a plan lacks, or a corpus is not given.
    """
    code = code_version()
    todos: dict[str, Todo] = {}
    seeds = {name: file.study.seeds_of(name, file.profile) for name in _parts(file)}
    for seed in dict.fromkeys(seed for of_part in seeds.values() for seed in of_part):
        for name in (name for name, of_part in seeds.items() if seed in of_part):
            todos |= {todo.step.name: todo for todo in _of_part(file, name, seed, code)}
    for name, command in file.study.commands.items():
        if file.profile in command.profiles:
            todo = _of_command(file, name, command)
            todos[todo.step.name] = todo
    return todos


def missing_of(file: StudyFile) -> set[str]:
    """The corpora that the study needs in its profile and that are not given."""
    parts = [file.study.parts[name] for name in _parts(file)]
    needed = {name for part in parts for name in part.needs()}
    needed |= {corpus for command in file.study.commands.values() for corpus in command.corpora}
    return needed - set(file.corpora)


def _parts(file: StudyFile) -> list[str]:
    return [name for name, part in file.study.parts.items() if file.profile in part.profiles]


def _of_part(file: StudyFile, name: str, seed: int, code: CodeVersion) -> Iterator[Todo]:
    """The measured runs of a part, those that measuring needs, and all that they build on."""
    part = file.study.parts[name]
    plan = read_plan(file.path.parent / part.plan_of(file.profile))
    measured = file.study.runs_of(name)
    for run in sorted({*measured, *part.measured.unknown_to} - set(plan)):
        raise ConfigError(
            f"{file.path}: {name}/{run}: found no such run in {part.plan_of(file.profile)}, expected one of its runs"
        )
    wanted = _with_parents({*measured, *part.measured.unknown_to}, plan)
    test = _test(file, part)
    steps = {step.name: _whole(step, part, seed, file) for step in plan.values() if step.name in wanted}
    data = {run: digest_of(_files(step.config(), part, step, file)) for run, step in steps.items()}
    hashes: dict[str, str] = {}
    for run, step in steps.items():
        hashes[run] = _run_hash(step, data[run], part, hashes, code)
    known = {run: f"{name}.{run}.{seed}.{hashes[run][:12]}" for run in steps}
    for run, step in steps.items():
        others = tuple((other, known[other]) for other in part.measured.unknown_to if other != run)
        mine = run in measured
        yield Todo(
            step=StudyStep(
                known[run],
                step.recipe,
                tuple(known[teacher] for teacher in step.teachers),
                known[step.start] if step.start else None,
                step.settings,
                of_plan=step.of_plan,
                also=step.also,
                measured_by=tuple(folder for _, folder in others) if mine else (),
            ),
            part=name,
            run=run,
            seed=seed,
            hash=_measured_hash(hashes, run, part, test) if mine else hashes[run],
            code=code,
            code_paths=TRAINING,
            data=data[run],
            locales=part.locales,
            corpus=file.corpora[part.corpus],
            test=test if mine else None,
            decoders=part.measured.decoders,
            unknown_to=others,
        )


def _whole(step: PlanStep, part: StudyPart, seed: int, file: StudyFile) -> PlanStep:
    """The step with the settings of the profile and the seed, and with its other tasks' corpora."""
    shared = (*step.of_plan, *part.set.get(file.profile, ()), f"seed={seed}")
    of_plan, own = (tuple(_with_files(each, part, file) for each in of) for of in (shared, step.settings))
    return replace(
        step, of_plan=of_plan, settings=own, also=tuple(_task(task, part, file) for task in step.also)
    )


def _run_hash(
    step: PlanStep, data: str, part: StudyPart, parents: Mapping[str, str], code: CodeVersion
) -> str:
    return _hash(
        config=step.config(),
        data=data,
        code=code.files,
        locales=part.locales,
        also=[task.partition("=")[0] for task in step.also],
        start=parents[step.start] if step.start else None,
        teachers=[parents[teacher] for teacher in step.teachers],
        libraries={library: version(library) for library in LIBRARIES},
    )


def _measured_hash(hashes: Mapping[str, str], run: str, part: StudyPart, test: MeasuredCorpus) -> str:
    """The hash of a run's line: what is measured is a part of it."""
    return _hash(
        run=hashes[run],
        measured=part.measured,
        data=digest_of(corpus_files(test.spec, test.locales or None)),
        unknown_to=[hashes.get(other) for other in part.measured.unknown_to],
    )


def _of_command(file: StudyFile, name: str, command: StudyCommand) -> Todo:
    paths = tuple(dict.fromkeys((*TRAINING, *command.code)))
    code = code_version(paths)
    data = digest_of(path for corpus in command.corpora for path in corpus_files(file.corpora[corpus]))
    hash_ = _hash(command=command, data=data, code=code.files)
    step = StudyStep(f"{COMMANDS}.{name}.0.{hash_[:12]}", "", (), None, ())
    return Todo(
        step=step,
        part=COMMANDS,
        run=name,
        seed=0,
        hash=hash_,
        code=code,
        code_paths=paths,
        data=data,
        command=command,
    )


def _with_parents(names: Iterable[str], plan: Mapping[str, PlanStep]) -> set[str]:
    wanted, waiting = set[str](), set(names)
    while waiting:
        wanted |= waiting
        waiting = {parent for name in waiting for parent in plan[name].parents} - wanted
    return wanted


def _test(file: StudyFile, part: StudyPart) -> MeasuredCorpus:
    on = part.measured
    spec = file.corpora[on.corpus or part.corpus]
    return MeasuredCorpus(spec, on.partition, on.locales or part.locales, on.domains)


def _with_files(setting: str, part: StudyPart, file: StudyFile) -> str:
    """A setting with the paths of the files that it names."""
    for name in part.files:
        setting = setting.replace(f"{{{name}}}", file.corpora[name].partition(":")[2])
    return setting


def _task(task: str, part: StudyPart, file: StudyFile) -> str:
    """Another task with its corpus."""
    if "=" in task:
        return task
    return f"{task}={file.corpora[part.also.get(task, part.corpus)]}"


def _files(config: RunConfig, part: StudyPart, step: PlanStep, file: StudyFile) -> list[Path]:
    """All files that the run reads."""
    locales: Sequence[str] | None = None if config.reads_translations else part.locales or None
    files = corpus_files(file.corpora[part.corpus], locales)
    for task in step.also:
        files += corpus_files(task.partition("=")[2])
    vectors = Path(config.joint.embedder.word_vectors or "")
    return [*files, vectors] if vectors.suffix in {".vec", ".bin"} else files


def _hash(**parts: object) -> str:
    """sha256 over plain data; keys are in order."""
    return sha256(json.dumps(unstructure(parts), sort_keys=True, ensure_ascii=False).encode()).hexdigest()
