"""Grouping, pure: which sequences of a batch run together, so that little of the work is padding.

On a CPU each step of a recurrence has a fixed cost beside that of its sequences (reading weights, starting operators), and
so has each run. The groups are those of least total cost, found exactly: sequences in order of length, cut between
distinct lengths.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cost(NamedTuple):
    """Fixed costs, in tokens of one sequence: each step costs `step` tokens more, each run `run` tokens."""

    step: float
    run: float

    def of(self, sequences: int, longest: int) -> float:
        """The cost of a run of so many sequences, padded to the longest."""
        return (sequences + self.step) * longest + self.run


def groups(lengths: Sequence[int], cost: Cost) -> list[list[int]]:
    """Positions of `lengths` in groups to run one after the other, the shortest sequences first, also within a group.

    `cheapest[j]` is the least cost of running the j shortest distinct lengths; the last group then holds lengths i to j - 1.
    """
    by_length: defaultdict[int, list[int]] = defaultdict(list)
    for position, length in enumerate(lengths):
        by_length[length].append(position)
    distinct = sorted(by_length)
    cheapest, cuts = [0.0], [0]
    for j, longest in enumerate(distinct, start=1):
        best, cut, sequences = -1.0, 0, 0
        for i in range(j - 1, -1, -1):
            sequences += len(by_length[distinct[i]])
            total = cheapest[i] + cost.of(sequences, longest)
            if best < 0 or total < best:
                best, cut = total, i
        cheapest.append(best)
        cuts.append(cut)
    longest_first: list[list[int]] = []
    j = len(distinct)
    while j:
        longest_first.append([position for length in distinct[cuts[j] : j] for position in by_length[length]])
        j = cuts[j]
    return longest_first[::-1]
