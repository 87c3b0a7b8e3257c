"""The parts of a check, one after the other: what fails is said and fails the check, and what there is no time for too."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from benchmarks.result import Target


class Section(NamedTuple):
    """A part: its name, the seconds that it may take, what measures it, and the targets of its figures."""

    name: str
    seconds: float
    measure: Callable[[], Mapping[str, float]]
    targets: Mapping[str, Target]


class Outcome(NamedTuple):
    """Figures, targets of those that there are, and of each section whether it came to its end (`<name>_measured`)."""

    figures: dict[str, float]
    targets: dict[str, Target]


def carried_out(
    sections: Sequence[Section],
    *,
    budget_s: float,
    keep: Callable[[Outcome], None] = lambda _: None,
    clock: Callable[[], float] = monotonic,
) -> Outcome:
    """Carry the sections out that fit into what is left of the budget, in their order.

    A section that fails, or that there is no time for, has `<name>_measured` 0, whose target is 1: nothing passes so.
    What there is after each is kept, for whoever ends this before its end.
    """
    names = [f"{section.name}_measured" for section in sections]
    outcome = Outcome(dict.fromkeys(names, 0.0), dict.fromkeys(names, Target("==", 1)))
    ends_s = clock() + budget_s
    for section in sections:
        found: Mapping[str, float] = {}
        if clock() + section.seconds > ends_s:
            print(f"{section.name}: left out, for it takes up to {section.seconds:g} s", file=sys.stderr)
        else:
            found = _measured(section)
        outcome.figures[f"{section.name}_measured"] = float(bool(found))
        outcome.figures.update(found)
        outcome.targets.update({key: target for key, target in section.targets.items() if key in found})
        keep(outcome)
    return outcome


def _measured(section: Section) -> Mapping[str, float]:
    """The figures; none where it fails, or lacks one that has a target."""
    print(section.name, file=sys.stderr, flush=True)
    try:
        found = section.measure()
        if missing := section.targets.keys() - found.keys():
            print(f"{section.name}: found no figure for {sorted(missing)}", file=sys.stderr)
            return {}
    except Exception:  # whatever a driver or a runtime raises, the other sections are measured
        traceback.print_exc()
        return {}
    return found
