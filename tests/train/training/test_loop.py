"""The loop: mixtures are learnt together, adversaries in turn, and what is counted is what was learnt."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from tests.train.tiny import SHORT
from tests.train.training.planes import Fit, Plane, learner, moved, values
from train.objectives.base import Loss
from train.training.loop import Epochs, Totals, not_reseeded, reseeded, train_epoch
from train.training.sampler import Part, Sampler, in_turn


def test_two_objectives_meet_in_the_middle_by_their_weights() -> None:
    """One pulls to 0, the other to 1: twice the weight ends nearer to it."""
    plane = Plane()
    one = learner(plane)
    parts = [Part(Fit(plane, 0.0, n_batches=20), one, 1.0), Part(Fit(plane, 1.0, n_batches=20), one, 2.0)]
    epochs = Epochs(total=30, seeding=not_reseeded)
    for epoch in range(30):
        low, high = train_epoch(Sampler(parts), epochs, epoch)
    assert high.mean("square") < low.mean("square")
    assert high.size > low.size > 0


def test_in_the_turn_of_one_learner_nothing_of_the_other_moves() -> None:
    """Although gradients flow through the other's parameters too."""
    plane, adversary = Plane(0), Plane(1)
    changes: list[set[str]] = []
    state = {"plane": values(plane), "adversary": values(adversary)}

    def watch(_done: int, _of: int) -> None:
        modules = {"plane": plane, "adversary": adversary}
        changes.append({name for name, module in modules.items() if moved(module, state[name])})
        state.update({name: values(module) for name, module in modules.items()})

    parts = [
        Part(Fit(plane, 1.0, n_batches=3, through=adversary), learner(plane)),
        Part(Fit(adversary, -1.0, n_batches=1, through=plane), learner(adversary), 2),
    ]
    train_epoch(Sampler(parts, in_turn), Epochs(total=2, seeding=not_reseeded), 0, watch)
    turns = [{"plane"}, {"adversary"}, {"adversary"}]
    assert changes == [*turns, *turns, {"plane"}]


def test_an_epoch_has_its_passes_each_with_its_own_seed() -> None:
    plane = Plane()
    objective, steps = Fit(plane, 0.0, n_batches=2), []
    epochs = Epochs(total=2, seeding=lambda number: 100 + number, passes=3)
    sampler = Sampler([Part(objective, learner(plane))])
    train_epoch(sampler, epochs, 1, lambda done, of: steps.append((done, of)))
    assert objective.seen == [(103, 0), (103, 1), (104, 0), (104, 1), (105, 0), (105, 1)]
    assert steps == [(done, 6) for done in range(1, 7)]


def test_totals_are_means_over_what_was_seen() -> None:
    totals = Totals()
    for value, size, right in ((1.0, 3, 2), (5.0, 1, 0)):
        totals.add(Loss({"a": torch.tensor(value), "b": torch.tensor(0.0)}, size, right))
    assert totals.mean("a") == pytest.approx(2.0)
    assert (totals.mean("b"), totals.size, totals.right) == (0.0, 4, 2)
    assert Totals().mean("a") == 0.0


def test_a_seeded_pass_begins_alike_whatever_chance_did_before() -> None:
    seeding = partial(reseeded(SHORT), 4)
    seed = seeding()
    first = torch.rand(3)
    assert (seeding(), torch.rand(3).tolist()) == (seed, first.tolist())
    reseeded(SHORT)(5)
    assert not torch.rand(3).equal(first)
