"""Grouping, pure: which rows of a batch run together, so that little of the work is padding.

On a CPU one token is one step of a recurrence, which costs something beside its rows (reading the weights, starting its
operators), and so does a run. The groups are those of least total cost, found exactly: rows in order of length, cut between
distinct lengths.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cost(NamedTuple):
    """What a run costs, in tokens of one row: each step as much as `step` rows more, and `run` tokens at the start."""

    step: float
    run: float

    def of(self, rows: int, longest: int) -> float:
        """The cost of a run of so many rows, padded to the longest."""
        return (rows + self.step) * longest + self.run


def groups(lengths: Sequence[int], cost: Cost) -> list[list[int]]:
    """Positions of `lengths` in groups to run one after the other, the shortest rows first and so in each group.

    `cheapest[j]` is the least cost of running the j shortest distinct lengths; the last group then holds lengths i to j - 1.
    """
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for position, length in enumerate(lengths):
        by_length[length].append(position)
    distinct = sorted(by_length)
    cheapest, cuts = [0.0], [0]
    for j, longest in enumerate(distinct, start=1):
        best, cut, rows = -1.0, 0, 0
        for i in range(j - 1, -1, -1):
            rows += len(by_length[distinct[i]])
            total = cheapest[i] + cost.of(rows, longest)
            if best < 0 or total < best:
                best, cut = total, i
        cheapest.append(best)
        cuts.append(cut)
    found: list[list[int]] = []
    j = len(distinct)
    while j:
        found.append([position for length in distinct[cuts[j] : j] for position in by_length[length]])
        j = cuts[j]
    return found[::-1]
