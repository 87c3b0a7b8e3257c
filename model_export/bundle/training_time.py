"""Processor time of training: of a bundle's own run, and with all its parent runs.

It is an upper bound: a run whose log has no processor time counts its wall-clock time for each of its threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint

DIGITS = 1
"""Decimals of minutes."""


def minutes(checkpoint: Checkpoint) -> float | None:
    """Minutes of the run and all its parents, each counted once; None if the time of one of them is unknown."""
    run_seconds, parent_seconds = checkpoint.cpu_seconds(), checkpoint.parent_seconds()
    if not run_seconds or parent_seconds is None:
        return None
    return round((run_seconds + sum(parent_seconds.values())) / 60.0, DIGITS)


def in_words(checkpoint: Checkpoint) -> str:
    """A sentence for the model card, in seconds."""
    run_seconds, parent_seconds = checkpoint.cpu_seconds(), checkpoint.parent_seconds()
    if not run_seconds:
        return "training time: not known, for the run has no log of it"
    if parent_seconds is None:
        return (
            f"training time: at most {run_seconds:,.0f} CPU seconds, without the runs that it builds on, "
            "of which one is no longer there"
        )
    total = run_seconds + sum(parent_seconds.values())
    sentence = f"training time: at most {total:,.0f} CPU seconds"
    if parent_seconds:
        parents = _count(len(parent_seconds), "run")
        sentence += f", {run_seconds:,.0f} of them after the {parents} that it builds on"
    return sentence


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
