"""The training loop, of every network: epochs of passes over a mixture of objectives, an update for each batch.

Everything random in a pass (order, dropout) may depend on the run's seed and the number of the pass alone (`reseeded`), so
that a run resumed at the start of an epoch has the same result as one that was never stopped.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import torch

from train.data.batches import epoch_seed
from train.ranks import Ranks

if TYPE_CHECKING:
    from collections.abc import Callable

    from train.config import RunConfig
    from train.objectives.base import Loss
    from train.training.sampler import Sampler

    Seeding = Callable[[int], int]


OF_RANK = 1 << 40


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """How long a run is: its epochs, the passes of each, and what seeds pass number n of the run.

    `most_steps` are the most updates of a pass, which then ends before it has seen all of a large corpus.
    """

    total: int
    seeding: Seeding
    passes: int = 1
    most_steps: int | None = None


@dataclass
class Totals:
    """What was learnt from one objective in an epoch, counted together."""

    losses: Counter[str] = field(default_factory=Counter)
    size: int = 0
    right: int = 0

    def add(self, loss: Loss) -> None:
        """Count the losses of one batch."""
        for name, value in loss.parts.items():
            self.losses[name] += float(value.detach()) * loss.size  # type: ignore[assignment]  # a sum, not a count
        self.size += loss.size
        self.right += loss.right

    def mean(self, name: str) -> float:
        """The mean of a loss; 0 where nothing was learnt."""
        return self.losses[name] / max(1, self.size)


@dataclass
class Midway:
    """How far an epoch is: its passes that are over, the turns of the one after them, and what was learnt so far.

    `random` is the state of PyTorch's generator to go on from, where a stopped run goes on in the middle of an epoch.
    """

    totals: list[Totals]
    passes: int = 0
    turns: int = 0
    random: torch.Tensor | None = None

    @classmethod
    def begun(cls, sampler: Sampler) -> Midway:
        """At the beginning of an epoch."""
        return cls([Totals() for _ in sampler.parts])


def train_epoch(
    sampler: Sampler,
    epochs: Epochs,
    number: int,
    on_step: Callable[[int, int], None] = lambda _done, _of: None,
    midway: Midway | None = None,
) -> list[Totals]:
    """Train epoch `number`, counted from 0, from `midway` on; what was learnt from each part of the mixture.

    `on_step(done, of)` is called after each batch; `midway` then tells how far the epoch is.
    """
    midway = midway or Midway.begun(sampler)
    for part in sampler.parts:
        part.learner.module.train()
    for index in range(midway.passes, epochs.passes):
        turns = sampler.draw(number, epochs.seeding(number * epochs.passes + index))
        of = min(len(turns), epochs.most_steps or len(turns))
        if midway.random is not None:
            torch.set_rng_state(midway.random)
            midway.random = None
        for place, batch in islice(turns, midway.turns, of):
            midway.turns += 1
            share = (index + midway.turns / of) / epochs.passes
            part = sampler.parts[place]
            loss = part.learner.update(part.objective, batch, (number + share) / epochs.total)
            if loss is not None:
                midway.totals[place].add(loss)
            on_step(index * of + midway.turns, epochs.passes * of)
        midway.passes, midway.turns = index + 1, 0
    return midway.totals


def reseeded(config: RunConfig) -> Seeding:
    """Seeds PyTorch's generator for each pass, by the config's seed and the number of the pass.

    Of several processes each has its own, so that not all drop the same out; the first one's is that of a process alone.
    """

    def seeding(number: int) -> int:
        seed = epoch_seed(config, number)
        torch.manual_seed(seed + OF_RANK * Ranks.here().rank)
        return seed

    return seeding


def not_reseeded(number: int) -> int:
    """Lets PyTorch's generator go on from where it is; the number of the pass is its seed for everything else."""
    return number
