"""A process called: a process in some environment that does one command and leaves a report."""

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed
from benchmarks.peers.peer import ONE_THREAD

TAIL_CHARACTERS = 2000


@dataclass(frozen=True)
class PeerProcess:
    """A module of benchmarks.peers.inside under an interpreter; reports and logs go to `folder`."""

    python: Path
    module: str
    folder: Path

    def call(self, command: str, **options: object) -> dict[str, float]:
        """What the command's report says, and the `wall_s` that it took; an option's underscore becomes a hyphen.

        Raises:
            MeasurementFailed: the process failed; the end of its output is shown.
        """
        report, log = self.folder / f"{command}.report.json", self.folder / f"{command}.log"
        report.unlink(missing_ok=True)
        words = [str(self.python), "-m", self.module, command, "--report", str(report.absolute())]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", *_words(value)]
        started_s = time.perf_counter()
        with log.open("wb") as output:
            done = subprocess.run(  # noqa: S603 - our own peer processes
                words, cwd=self.folder, env=environ(), stdout=output, stderr=output, check=False
            )
        if done.returncode or not report.is_file():
            tail = log.read_text(encoding="utf-8", errors="replace")[-TAIL_CHARACTERS:]
            raise MeasurementFailed(f"{self.module} {command}: status {done.returncode}; see {log}:\n{tail}")
        actual: dict[str, float] = json.loads(report.read_text(encoding="utf-8"))
        return {**actual, "wall_s": time.perf_counter() - started_s}


def environ() -> dict[str, str]:
    """The environment of peer processes: this one, on one thread, and the modules of this project to be found."""
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)}


def _words(value: object) -> list[str]:
    if isinstance(value, Path):
        return [str(value.absolute())]
    if isinstance(value, tuple):
        return [word for one in value for word in _words(one)]
    return [str(value)]
