"""Runs that took a given time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from train.checkpoint import Checkpoint


def timed(checkpoint: Checkpoint, seconds: float, **changes: object) -> Checkpoint:
    """The run with one epoch of so many seconds in its log; `changes` are of what run.json says."""
    checkpoint.save("run", replace(checkpoint.run(), **changes))  # type: ignore[arg-type]  # of its fields
    checkpoint.log({"epoch": 1, "seconds": seconds})
    return checkpoint
