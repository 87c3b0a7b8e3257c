"""Items run in batches, and their results in the items' order."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BATCH_SIZE = 128

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def by_length(
    lengths: Sequence[int], size: int = BATCH_SIZE, *, equal_lengths: bool = False
) -> list[list[int]]:
    """Positions of `lengths` in batches of at most `size`, the shortest first; `equal_lengths` mixes none in a batch."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    if not equal_lengths:
        return cut(order, size)
    groups = (list(group) for _, group in groupby(order, key=lengths.__getitem__))
    return [batch for group in groups for batch in cut(group, size)]


def cut(positions: Sequence[int], size: int) -> list[list[int]]:
    """Batches of so many positions in their order; the last has the rest."""
    return [list(positions[first : first + size]) for first in range(0, len(positions), size)]


def run_batches(
    batches: Sequence[Sequence[int]],
    items: Sequence[ItemT],
    run: Callable[[Sequence[ItemT]], Sequence[ResultT]],
) -> list[ResultT]:
    """A result for each item, in the items' order; `batches` name each position once."""
    results: dict[int, ResultT] = {}
    for batch in batches:
        results.update(zip(batch, run([items[position] for position in batch]), strict=True))
    return [results[position] for position in range(len(items))]
