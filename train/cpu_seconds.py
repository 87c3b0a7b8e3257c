"""Processor seconds of runs, and of the runs that they build on: upper bounds, from the logs of their checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from train.bundle_start import BundleStart
from train.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from train.start import Start


def of_run(checkpoint: Checkpoint) -> float:
    """Seconds of the epochs and stages in the log; an interrupted one is not counted.

    A line without processor time counts its wall-clock time for each of the run's threads.
    """
    threads, entries = checkpoint.run().threads or 1, checkpoint.run_log.entries()
    return sum(float(entry.get("cpu_seconds", threads * entry.get("seconds", 0.0))) for entry in entries)


def of_parents(checkpoint: Checkpoint) -> dict[str, float] | None:
    """`of_all` the parent runs: as recorded when this run began, else as they are now."""
    run = checkpoint.run()
    if run.parent_seconds is not None:
        return dict(run.parent_seconds)
    return of_all([Checkpoint(Path(folder)) for folder in (run.start, *run.teachers) if folder])


def of_all(runs: Sequence[Start]) -> dict[str, float] | None:
    """Absolute folder -> seconds, of these runs and all their parents; None where a folder no longer exists.

    A bundle's are those of its run and all that it builds on; None where it does not say.
    """
    seconds: dict[str, float] = {}
    for run in runs:
        if isinstance(run, BundleStart):
            if (of_bundle := run.seconds()) is None:
                return None
            seconds |= of_bundle
            continue
        parents = of_parents(run) if run.exists else None
        if parents is None:
            return None
        seconds |= {**parents, str(run.folder.resolve()): of_run(run)}
    return seconds
