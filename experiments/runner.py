"""Carries out a study: its runs and commands, several at once, each in a process of its own with one thread.

Training is the plan's (`train.cli.plan`): parents first, and a study that was cut goes on where it stood. A run of a study
is finished when its line is written.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from experiments.resolve import Todo
from experiments.result_line import ResultsFile
from train.checkpoint import Checkpoint
from train.cli.plan import PlanRunner

if TYPE_CHECKING:
    from train.plan import PlanStep


@dataclass
class StudyRunner(PlanRunner):
    """Runs all that there is to do; `job` are the arguments of `polyparse experiments job` but for the name of a step."""

    todos: Mapping[str, Todo] = field(default_factory=dict)
    results: ResultsFile | None = None
    job: Sequence[str] = ()

    def command(self, step: PlanStep) -> list[str]:
        """The command line of a step."""
        return [sys.executable, "-m", "polyparse", "experiments", "job", step.name, *self.job]

    def is_finished(self, name: str) -> bool:
        """Whether the line is written, or, of a run that is not measured, whether it is trained."""
        if not self.todos[name].is_measured:
            return Checkpoint(self.out / name).complete
        return self.results is not None and self.todos[name].hash in self.results.hashes()

    def finished_before(self) -> set[str]:
        """What is there already, of whatever study; its hash says that it is the same.

        A run whose line is written but whose folder is gone is made anew only where another one starts from it.
        """
        hashes = self.results.hashes() if self.results else set[str]()
        measured = {name for name, todo in self.todos.items() if todo.is_measured}
        done = {name for name in measured if self.todos[name].hash in hashes}
        done |= {name for name in set(self.todos) - measured if Checkpoint(self.out / name).complete}
        while lost := self._needed(done) & done:
            done -= lost
        return done

    def _needed(self, done: set[str]) -> set[str]:
        """The runs whose folders others wait for and which are not there."""
        waited_for = {parent for name in set(self.todos) - done for parent in self.todos[name].step.parents}
        return {name for name in waited_for if not Checkpoint(self.out / name).complete}

    def outcome(self, name: str) -> str:
        """What the report at the end says of a step."""
        if name in self.failed:
            return f"failed, see {self.out / name}.log"
        return "finished" if name in self.finished else "not begun, for a run that it needs has failed"
