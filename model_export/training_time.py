"""How long training took: for the network of a bundle alone, and with all the runs that it builds on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint

DIGITS = 1
"""Of minutes."""


def minutes(checkpoint: Checkpoint) -> float | None:
    """Of the run and of those that it started from or learnt from, each once; None where one of them is not known."""
    own, elders = checkpoint.seconds(), checkpoint.elder_seconds()
    if not own or elders is None:
        return None
    return round((own + sum(elders.values())) / 60.0, DIGITS)


def in_words(checkpoint: Checkpoint) -> str:
    """The same for a person, and what the minutes are of."""
    own, elders = checkpoint.seconds(), checkpoint.elder_seconds()
    if not own:
        return "training time: not known, for the run has no log of it"
    threads = checkpoint.run().threads
    process = "one process on a CPU" if threads is None else f"one process with {_count(threads, 'thread')}"
    said = f"training time: {own / 60.0:.{DIGITS}f} minutes of {process}"
    if elders is None:
        return f"{said}, without the runs that it builds on, of which one is no longer there"
    if elders:
        total = (own + sum(elders.values())) / 60.0
        return f"{said}, {total:.{DIGITS}f} with the {_count(len(elders), 'run')} that it builds on"
    return said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
