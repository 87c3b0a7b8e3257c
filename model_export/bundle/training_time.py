"""How much processor time training took: for the network of a bundle alone, and with all the runs that it builds on.

It is "at most": a run whose log has no processor time counts its wall-clock for each of its threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint

DIGITS = 1
"""Of minutes."""


def minutes(checkpoint: Checkpoint) -> float | None:
    """Of the run and of those that it started from or learnt from, each once; None where one of them is not known."""
    own, elders = checkpoint.cpu_seconds(), checkpoint.elder_seconds()
    if not own or elders is None:
        return None
    return round((own + sum(elders.values())) / 60.0, DIGITS)


def in_words(checkpoint: Checkpoint) -> str:
    """The same for a person, in seconds."""
    own, elders = checkpoint.cpu_seconds(), checkpoint.elder_seconds()
    if not own:
        return "training time: not known, for the run has no log of it"
    if elders is None:
        return (
            f"training time: at most {own:,.0f} CPU seconds, without the runs that it builds on, "
            "of which one is no longer there"
        )
    total = own + sum(elders.values())
    said = f"training time: at most {total:,.0f} CPU seconds"
    if elders:
        said += f", {own:,.0f} of them after the {_count(len(elders), 'run')} that it builds on"
    return said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
