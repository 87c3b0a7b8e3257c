"""A sampler: whose batch comes next, where several objectives are learnt, or several modules learn in turn."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, cycle, islice, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from train.objectives.base import Objective
from train.training.learner import Learner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


@dataclass(frozen=True)
class Part:
    """An objective in a mixture: who learns from it, and how much of the mixture it is."""

    objective: Objective[Any]
    learner: Learner
    weight: float = 1.0


class Turn(NamedTuple):
    """The next update: a batch of part number `part`."""

    part: int
    batch: Any


class DrawnTurns:
    """The turns of a pass, passed through once; a batch is made when it is its turn."""

    def __init__(self, order: Iterable[int], size: int, batches: Sequence[Iterable[Any]]) -> None:
        self._order, self._size, self._batches = order, size, batches

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Turn]:
        batches = [iter(of_part) for of_part in self._batches]
        return (Turn(part, next(batches[part])) for part in islice(self._order, self._size))


class Sampler:
    """Draws the turns of a pass over the first part; the other parts are as large as the mixture has them."""

    def __init__(
        self,
        parts: Sequence[Part],
        order: Callable[[Sequence[Part], int], Iterator[int]] | None = None,
        *,
        n_turns: int | None = None,
    ) -> None:
        """`order(parts, seed)` goes on for ever and says whose turn it is; `by_weight` by default."""
        self.parts, self._n_turns = tuple(parts), n_turns
        self._order = by_weight if order is None else order

    def draw(self, epoch: int, seed: int) -> DrawnTurns:
        """`n_turns`, or, with None, turns until each batch of the first part has had one.

        A part whose batches are used up before begins anew, with batches drawn by the next seed.
        """
        if self._n_turns is not None:
            turns = repeat(0) if len(self.parts) == 1 else self._order(self.parts, seed)
            every = [_batches(part.objective, epoch, seed) for part in self.parts]
            return DrawnTurns(turns, self._n_turns, every)
        first = self.parts[0].objective.batches(epoch, seed)
        if len(self.parts) == 1:
            return DrawnTurns(repeat(0), len(first), [first])
        order = _until(len(first), self._order(self.parts, seed))
        others = [_batches(part.objective, epoch, seed) for part in self.parts[1:]]
        return DrawnTurns(order, len(order), [first, *others])


def by_weight(parts: Sequence[Part], seed: int) -> Iterator[int]:
    """Each turn drawn by itself, in proportion to the weights."""
    weights = np.array([part.weight for part in parts])
    random = np.random.default_rng(seed)
    while True:
        yield int(random.choice(len(parts), p=weights / weights.sum()))


def in_turn(parts: Sequence[Part], _seed: int) -> Iterator[int]:
    """Each part for as many turns as its weight says, then the next one, and again from the first."""
    return cycle(place for place, part in enumerate(parts) for place in repeat(place, round(part.weight)))


def _until(n_first: int, order: Iterator[int]) -> bytearray:
    """The order up to the last of so many turns of the first part, a byte for each."""
    turns = bytearray()
    while n_first:
        turns.append(next(order))
        n_first -= turns[-1] == 0
    return turns


def _batches(objective: Objective[Any], epoch: int, seed: int) -> Iterator[Any]:
    """The batches of one pass after the other."""
    for each in count(seed):
        yield from objective.batches(epoch, each)
