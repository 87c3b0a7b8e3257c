"""How much a service takes: the highest steady load at which it keeps the SLO, found by trying.

A load is too much if it misses the SLO twice, as once may be chance. The load doubles until one is; then the gap between
the highest load that was kept and the lowest that was not is halved until it is narrow. A load that the generator cannot
send ends the search as well: the service can do more than it can show.
"""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import NamedTuple

from loadtest.run import Finished, LoadPlan, run
from loadtest.scenario import LoadPhase
from loadtest.verdict import Word

NARROW = 1.05
"""The lowest load that is too much, over the highest that is not."""
MOST_STEPS = 20
WARM_UP_S = 2.0


class CapacityTrial(NamedTuple):
    """A load that was tried."""

    per_s: float
    word: Word


class Capacity(NamedTuple):
    """`kept_per_s` is None where even the first load was too much; `is_generators` where the generator was the bound."""

    kept_per_s: float | None
    missed_per_s: float | None
    is_generators: bool


def search(first_per_s: float, outcome_at: Callable[[float], Word]) -> Capacity:
    """Try loads one after the other."""
    trials: list[CapacityTrial] = []
    while len(trials) < MOST_STEPS and (per_s := next_load(first_per_s, trials)) is not None:
        if (word := outcome_at(per_s)) != "pass":
            word = outcome_at(per_s)
        trials.append(CapacityTrial(per_s, word))
    kept, missed = _bounds(trials)
    return Capacity(kept, missed, CapacityTrial(missed or 0.0, "void") in trials)


def next_load(first_per_s: float, trials: list[CapacityTrial]) -> float | None:
    """The load to try after these; None when there is nothing left to find out. Pure."""
    kept, missed = _bounds(trials)
    if not trials:
        return first_per_s
    if missed is None:
        return 2 * trials[-1].per_s
    if kept is None:
        return missed / 2 if missed > first_per_s / 64 else None
    return sqrt(kept * missed) if missed / kept > NARROW else None


def trials_of(load: LoadPlan, seconds: float) -> Callable[[float], Finished]:
    """How one load is tried: a warm-up, then so many seconds that are judged."""

    def tried(per_s: float) -> Finished:
        phases = (
            LoadPhase(name="warm-up", seconds=WARM_UP_S, judged=False),
            LoadPhase(name=f"{per_s:.0f} a second", seconds=seconds),
        )
        scenario = load.scenario.model_copy(
            update={"phases": phases, "events": (), "slow_callers": (), "rate_per_s": per_s}
        )
        return run(load._replace(scenario=scenario, slo=load.slo.at(per_s)))

    return tried


def _bounds(trials: list[CapacityTrial]) -> tuple[float | None, float | None]:
    """The highest load that was kept below all that were not, and the lowest that was not: missed, or not even sent."""
    missed = min((trial.per_s for trial in trials if trial.word != "pass"), default=None)
    kept: Iterator[float] = (
        trial.per_s for trial in trials if trial.word == "pass" and (missed is None or trial.per_s < missed)
    )
    return max(kept, default=None), missed
