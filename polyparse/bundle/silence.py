"""Who was heard of lately: a process writes what it says of itself anew every minute, and one that stops was killed.

Times are those at which files were written, by the clock of the place that keeps them: no writer's clock matters. What the
time is there now, that place does not say. It is not before the latest time at which anybody wrote; nor, by more than clocks
differ, before the reader's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

RENEWED_S = 60.0
"""Time after which a process writes its file anew, though it says the same."""
SILENT_S = 300.0
"""From then on a process counts as gone."""
FORGOTTEN_S = 86_400.0
"""From then on its file is nobody's any more."""
SKEW_S = 900.0
"""What the reader's clock may differ; S3 allows no more either."""


class BySilence(NamedTuple):
    """Names of files: of processes that were heard of lately, and of those that were not for very long."""

    lately: list[str]
    forgotten: list[str]


def heard(written_s: Mapping[str, float | None], clock_s: float) -> BySilence:
    """Sort files by when they were written; of one whose time nobody knows, its process was heard of lately.

    `clock_s` is the reader's own time, in seconds since 1970 like all of them.
    """
    known = [time_s for time_s in written_s.values() if time_s is not None and time_s <= clock_s + SKEW_S]
    now_s = max([clock_s - SKEW_S, *known])
    ages = {name: 0.0 if time_s is None else now_s - time_s for name, time_s in written_s.items()}
    return BySilence(
        [name for name, age_s in ages.items() if age_s < SILENT_S],
        [name for name, age_s in ages.items() if age_s >= FORGOTTEN_S],
    )
