"""One run or command of a study in a process of its own: train it, measure it, write its line."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch

from experiments.code_version import ROOT
from experiments.measurement import measure_run
from experiments.ratios import RATIOS, ratio
from experiments.resolve import LIBRARIES
from experiments.result_line import ResultLine
from polyparse.errors import ConfigError
from train.checkpoint import Checkpoint
from train.cli import train
from train.cli.plan import train_arguments
from train.cli.run_folder import held

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from experiments.outcomes import UtteranceOutcomes
    from experiments.resolve import StudyFile, Todo
    from experiments.result_line import ResultsFile
    from experiments.study import StudyCommand

THREADS = 1


def carry_out(todo: Todo, file: StudyFile, out: Path, results: ResultsFile) -> int:
    """Do what is left to do of it; returns the exit status."""
    torch.set_num_threads(THREADS)
    if todo.command is not None:
        results.put(_line(todo, file, figures=_figures(todo.command, file)))
        return 0
    checkpoint = Checkpoint(out / todo.step.name)
    if not checkpoint.complete:
        arguments = [f"--corpus={todo.corpus}", f"--threads={THREADS}"]
        arguments += [f"--locales={','.join(todo.locales)}"] if todo.locales else []
        if status := train.main(train_arguments(todo.step, out, arguments)):
            return status
    if todo.test is None:
        return 0
    with held(checkpoint, resume=True):
        if todo.hash not in results.hashes():
            results.put(_measured(todo, file, out, results))
    return 0


def means(outcomes: UtteranceOutcomes) -> dict[str, dict[str, dict[str, float | None]]]:
    """Measures by decoder, then by locale; in "mean" every locale weighs the same."""
    locale_of = np.array(outcomes.locales)
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for decoder, counts_UC in outcomes.counts_UC.items():
        sums = {
            locale: counts_UC[locale_of == locale].sum(axis=0, dtype=np.float64)
            for locale in dict.fromkeys(outcomes.locales)
        }
        of = {locale: {key: _known(ratio(key, sums_C)) for key in RATIOS} for locale, sums_C in sums.items()}
        mean = {key: _mean([measures[key] for measures in of.values()]) for key in RATIOS}
        found[decoder] = {**of, "mean": mean}
    return found


def _measured(todo: Todo, file: StudyFile, out: Path, results: ResultsFile) -> ResultLine:
    if todo.test is None:
        raise ConfigError(f"{todo.step.name}: found a run that is not measured, expected one that is")
    unknown_to = {name: out / folder for name, folder in todo.unknown_to}
    found = measure_run(out / todo.step.name, todo.test, decoders=todo.decoders, unknown_to=unknown_to)
    return _line(
        todo,
        file,
        measures=means(found.outcomes),
        outcomes=results.keep(found.outcomes, todo.hash),
        parse_cpu_s=round(found.parse_cpu_s, 2),
        train_cpu_s=round(found.train_cpu_s, 1),
        epochs=found.epochs,
        parameters=found.parameters,
        gates=found.gates,
        gates_of=tuple(found.gates_of or ()),
    )


def _figures(command: StudyCommand, file: StudyFile) -> dict[str, float]:
    """What the command writes: numbers by key, those of nested objects by dotted keys; of `benchmarks` their "figures".

    Raises:
        ConfigError: it fails, or writes no numbers.
    """
    with TemporaryDirectory() as folder:
        written = Path(folder) / "figures.json"
        Path(folder, "shared").mkdir()
        places = {"json": str(written), "folder": f"{folder}/shared", **file.corpora}
        for arguments in command.run:
            line = [sys.executable, *(_filled(argument, places) for argument in arguments)]
            if status := subprocess.run(line, cwd=ROOT, check=False).returncode:  # noqa: S603  the study's own
                raise ConfigError(f"{' '.join(line)}: found exit status {status}, expected 0")
        content = written.read_bytes() if written.exists() else b""
    try:
        found = json.loads(content)
    except ValueError as error:
        raise ConfigError(f"{command.run[-1]}: found no figures ({error}), expected JSON") from error
    figures = dict(_numbers("", found.get("figures", found) if isinstance(found, dict) else found))
    if not figures:
        raise ConfigError(
            f"{command.run[-1]}: found no number in what it wrote, expected figures by their names"
        )
    return figures


def _numbers(key: str, value: object) -> Iterator[tuple[str, float]]:
    """Every number, by its dotted key."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _numbers(f"{key}.{name}".strip("."), part)
    elif key and isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, float(value)


def _filled(argument: str, places: Mapping[str, str]) -> str:
    """The argument with what stands in the places."""
    for name, value in places.items():
        argument = argument.replace(f"{{{name}}}", value)
    return argument


def _line(todo: Todo, file: StudyFile, **found: object) -> ResultLine:
    return ResultLine(
        study=file.name,
        profile=file.profile,
        part=todo.part,
        run=todo.run,
        seed=todo.seed,
        hash=todo.hash,
        code=todo.code,
        code_paths=todo.code_paths,
        data=todo.data,
        recipe=todo.step.recipe,
        settings=todo.step.all_settings(()),
        libraries={library: version(library) for library in LIBRARIES},
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **found,  # type: ignore[arg-type]  # fields by their names
    )


def _known(value: np.ndarray) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 6) if known else None
