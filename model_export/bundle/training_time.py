"""Processor time of training: of a bundle's own run, and with all its parent runs.

It is an upper bound: a run whose log has no processor time counts its wall-clock time for each of its threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from train import cpu_seconds

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint


def minutes(checkpoint: Checkpoint) -> float | None:
    """Minutes of the run and all its parents, each counted once; None if the time of one of them is unknown."""
    run_seconds, parent_seconds = cpu_seconds.of_run(checkpoint), cpu_seconds.of_parents(checkpoint)
    if not run_seconds or parent_seconds is None:
        return None
    return round((run_seconds + sum(parent_seconds.values())) / 60.0, ndigits=1)


def in_words(checkpoint: Checkpoint) -> str:
    """A sentence for the model card, in seconds."""
    run_seconds, parent_seconds = cpu_seconds.of_run(checkpoint), cpu_seconds.of_parents(checkpoint)
    if not run_seconds:
        return "training time: not known, for the run has no log of it"
    if parent_seconds is None:
        return (
            f"training time: at most {run_seconds:,.0f} CPU seconds, without the runs that it builds on, "
            "of which one is no longer there"
        )
    sentence = f"training time: at most {run_seconds + sum(parent_seconds.values()):,.0f} CPU seconds"
    if parent_seconds:
        parents = "1 run" if len(parent_seconds) == 1 else f"{len(parent_seconds)} runs"
        sentence += f", {run_seconds:,.0f} of them after the {parents} that it builds on"
    return sentence
