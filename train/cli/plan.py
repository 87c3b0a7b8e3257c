"""`polyparse train --plan FILE`: carry out the runs of a plan, several at once, each in a process of its own.

A run that is finished is left as it is, one that was interrupted goes on. Runs outlive a plan that is killed: who carries it
out again waits for them. What a run prints stands in NAME.log beside its folder. A run that fails keeps those from beginning
that need it; the others go on.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from train.checkpoint import Checkpoint
from train.cli.run_folder import check_same, is_held
from train.plan import PlanStep, ready

POLL_S = 0.2
CORPUS = "--corpus="
SOFT_TARGETS = ".soft-targets"
"""The folder that the runs of a plan share for what their teachers say."""


@dataclass
class PlanRunner:
    """Runs the steps of a plan into folders below `out`; `arguments` and `settings` are those that all runs are given."""

    steps: Mapping[str, PlanStep]
    out: Path
    arguments: Sequence[str]
    jobs: int
    settings: Sequence[str] = ()
    finished: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _elsewhere: set[str] = field(default_factory=set)
    """Runs that another process carries out, which count among those at once."""

    def run(self) -> int:
        """Exit status 0 when all runs are finished, 1 when one has failed; interrupting it interrupts them.

        Raises:
            ConfigError: a run has a setting that is none, or one that is there already is another run than the plan's.
        """
        self.finished |= self.finished_before()
        self.out.mkdir(parents=True, exist_ok=True)
        try:
            while self._begin() or self._running or self._elsewhere:
                self._collect()
                sleep(POLL_S)
        finally:
            self._end()
        self._report()
        return 0 if len(self.finished) == len(self.steps) else 1

    def _begin(self) -> list[PlanStep]:
        """Start what can begin, as many as there is room for; returns all that could begin with more room."""
        steps = ready(self.steps, self.finished, {*self._running, *self._elsewhere}, self.failed)
        for step in steps[: max(0, self.jobs - len(self._running) - len(self._elsewhere))]:
            if is_held(self.out / step.name):
                print(f"{step.name}: goes on in another process", flush=True)
                self._elsewhere.add(step.name)
                continue
            print(f"{step.name}: begins", flush=True)
            with (self.out / f"{step.name}.log").open("ab") as log:
                self._running[step.name] = subprocess.Popen(  # noqa: S603  the command is ours
                    self.command(step), stdout=log, stderr=subprocess.STDOUT
                )
        return steps

    def command(self, step: PlanStep) -> list[str]:
        """The command line of a step."""
        arguments = train_arguments(step, self.out, self.arguments, self.settings)
        return [sys.executable, "-m", "polyparse", "train", *arguments]

    def is_finished(self, name: str) -> bool:
        """Whether there is nothing left to do for a step."""
        return Checkpoint(self.out / name).complete

    def finished_before(self) -> set[str]:
        """The runs that are finished; refuses those that the plan would now carry out otherwise."""
        finished = set()
        for name, step in self.steps.items():
            config, checkpoint = step.config(self.settings), Checkpoint(self.out / name)
            if not checkpoint.complete:
                continue
            finished.add(name)
            run = checkpoint.run()
            existing = {
                "config": run.config,
                "teachers": _names(*run.teachers),
                "start": run.start and Path(run.start).name,
                "also": tuple(task.partition("=")[0] for task in run.also),
            }
            expected = {
                "config": config,
                "teachers": step.teachers,
                "start": step.start,
                "also": tuple(task.partition("=")[0] for task in step.also),
            }
            check_same(checkpoint.folder, existing, expected)
        return finished

    def _collect(self) -> None:
        for name in [name for name in self._elsewhere if not is_held(self.out / name)]:
            self._elsewhere.remove(name)
            if self.is_finished(name):
                self.finished.add(name)
                print(f"{name}: finished", flush=True)
        for name, process in list(self._running.items()):
            if (status := process.poll()) is None:
                continue
            del self._running[name]
            (self.failed if status else self.finished).add(name)
            print(f"{name}: {f'failed with status {status}' if status else 'finished'}", flush=True)

    def _end(self) -> None:
        """Interrupt what still runs, and wait for it: a checkpoint keeps each run's last epoch."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait()

    def _report(self) -> None:
        width = max(map(len, self.steps))
        for name in self.steps:
            print(f"{name:{width}}  {self.outcome(name)}")

    def outcome(self, name: str) -> str:
        """What the report at the end says of a step."""
        if name in self.failed:
            return f"failed, see {self.out / name}.log"
        if name not in self.finished:
            return "not begun, for a run that it needs has failed"
        match = Checkpoint(self.out / name).read("measures").get("mean", {}).get("exact_match")
        return "finished" if match is None else f"finished, exact match on dev {match:.4f}"


def train_arguments(
    step: PlanStep, out: Path, arguments: Sequence[str], settings: Sequence[str] = ()
) -> list[str]:
    """What `polyparse train` is given for a step whose parents lie in `out`; `arguments` are those of all steps."""
    teachers = [f"--teacher={out / teacher}" for teacher in step.teachers]
    start = [f"--start={out / step.start}"] if step.start else []
    kept = [f"--soft-targets={out / SOFT_TARGETS}"] if teachers else []
    own = "".join(one.removeprefix(CORPUS) for one in arguments if one.startswith(CORPUS))
    also = [f"--also={task if '=' in task else f'{task}={own}'}" for task in step.also]
    given = [f"--set={setting}" for setting in step.all_settings(settings)]
    where = [step.recipe, f"--out={out / step.name}", "--resume", "--quiet"]
    return [*where, *arguments, *teachers, *kept, *start, *also, *given]


def _names(*folders: str) -> tuple[str, ...]:
    """What the plan calls the runs in these folders, wherever it was carried out."""
    return tuple(Path(folder).name for folder in folders)
