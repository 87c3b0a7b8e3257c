"""A result line: one run, or one command, of a study with what it measured and the code that made it; files of such lines.

A file has one JSON object a line. The line of a run takes the place of an older one of the same run, so that a file says
what is so now; what was so is in the history of the repository. Outcomes of runs lie beside it, in files named by hash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from typing import TYPE_CHECKING

from experiments.code_version import CodeVersion
from experiments.outcomes import UtteranceOutcomes, read_outcomes, write_outcomes
from polyparse.atomic import replace_file
from polyparse.errors import ConfigError
from polyparse.schema import read_json, unstructure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class OutcomesFile:
    """Where the outcomes of a run lie: the name of the file beside the lines, its sha256, and which utterances these are."""

    file: str
    sha256: str
    test: str


@dataclass(frozen=True, kw_only=True)
class ResultLine:
    """What a run has measured. A command has `figures` alone, no outcomes, and the seed 0.

    `hash` is that of config, data, code and measurement (`experiments.resolve`), `data` that of the files read. `measures`
    are by decoder ("" is the run's own), then by locale or "mean", as fractions. Seconds are of the processor, one thread.
    `gates` are mean weights by gate and language over the languages of `gates_of`.
    """

    study: str
    profile: str
    part: str
    run: str
    seed: int
    hash: str
    code: CodeVersion
    code_paths: tuple[str, ...]
    data: str
    recipe: str = ""
    settings: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    created: str = ""
    measures: Mapping[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)
    outcomes: OutcomesFile | None = None
    parse_cpu_s: float | None = None
    train_cpu_s: float | None = None
    epochs: int | None = None
    parameters: int | None = None
    gates: Mapping[str, Mapping[str, tuple[float, ...]]] | None = None
    gates_of: tuple[str, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.schema != SCHEMA:
            raise ConfigError(f"schema: found {self.schema}, expected {SCHEMA}")

    @property
    def name(self) -> tuple[str, str, int]:
        """Which run it is of."""
        return self.part, self.run, self.seed

    @property
    def title(self) -> str:
        """The same for messages."""
        return f"{self.part}/{self.run}, seed {self.seed}"


class ResultsFile:
    """The lines of one study in one profile, `FOLDER/STUDY-PROFILE.jsonl`, and their outcomes in a folder beside it."""

    def __init__(self, folder: Path, study: str, profile: str) -> None:
        self.path = folder / f"{study}-{profile}.jsonl"
        self._outcomes = folder / f"{study}-{profile}"

    def lines(self) -> list[ResultLine]:
        """All lines, in the order of their names; none where there is no file.

        Raises:
            ConfigError: a line is none; it says which and why.
        """
        texts = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return [
            read_json(ResultLine, text, where=f"{self.path}:{number}")
            for number, text in enumerate(texts, start=1)
        ]

    def hashes(self) -> set[str]:
        """The hashes of all lines."""
        return {line.hash for line in self.lines()}

    def keep(self, outcomes: UtteranceOutcomes, hash_: str) -> OutcomesFile:
        """Write the outcomes that a line will tell of."""
        self._outcomes.mkdir(parents=True, exist_ok=True)
        name = f"{hash_[:16]}.npz"
        return OutcomesFile(
            file=name, sha256=write_outcomes(self._outcomes / name, outcomes), test=outcomes.test
        )

    def outcomes(self, line: ResultLine) -> UtteranceOutcomes:
        """The outcomes of a run's line."""
        if line.outcomes is None:
            raise ConfigError(f"{self.path}: found no outcomes of {line.title}, expected those of a run")
        return read_outcomes(self._outcomes / line.outcomes.file, line.outcomes.sha256)

    def put(self, line: ResultLine) -> None:
        """Add the line, in place of an older one of the same run; several processes may do so at once."""
        with self._alone():
            before = self.lines()
            kept = [other for other in before if other.name != line.name]
            lines = sorted([*kept, line], key=lambda one: one.name)
            texts = (json.dumps(unstructure(one), ensure_ascii=False) for one in lines)
            replace_file(self.path, "".join(f"{text}\n" for text in texts).encode())
            used = {one.outcomes.file for one in lines if one.outcomes}
            for old in (one.outcomes for one in before if one.outcomes and one.outcomes.file not in used):
                (self._outcomes / old.file).unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from the folder; a lock of the file itself would be lost with its old bytes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path.parent, os.O_RDONLY)
        try:
            flock(descriptor, LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def check_one_code(lines: Sequence[ResultLine], *, where: str) -> None:
    """Refuse lines of several versions of the code, or of code that differed from its commit.

    Raises:
        ConfigError: it names two lines that differ, or one that is dirty.
    """
    first: dict[tuple[str, ...], ResultLine] = {}
    for line in lines:
        if line.code.is_dirty:
            raise ConfigError(
                f"{where}: found {line.title} of code that differed from its commit {line.code.commit[:12]}, expected"
                " lines of committed code; commit it, and run the study again"
            )
        other = first.setdefault(line.code_paths, line)
        if (other.code.commit, other.code.files) != (line.code.commit, line.code.files):
            raise ConfigError(
                f"{where}: found lines of commits {other.code.commit[:12]} ({other.title}) and"
                f" {line.code.commit[:12]} ({line.title}), expected one; run the study again: it makes the older ones anew"
            )
