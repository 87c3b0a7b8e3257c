"""Whose turn is next: a mixture by weight, or several learners one after the other."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from tests.train.training.planes import Fit, Plane, learner
from train.training.sampler import Part, Sampler, by_weight, in_turn

PLANE = Plane()


def part(n_batches: int, weight: float = 1.0) -> Part:
    return Part(Fit(PLANE, 0.0, n_batches=n_batches), learner(PLANE), weight)


def test_one_objective_has_its_batches_in_their_order() -> None:
    turns = list(Sampler([part(3)]).draw(0, 7))
    assert turns == [(0, (7, 0)), (0, (7, 1)), (0, (7, 2))]


def test_a_pass_ends_with_the_first_part_and_the_others_begin_anew() -> None:
    drawn = Sampler([part(6), part(2)]).draw(0, 7)
    turns = list(drawn)
    assert len(drawn) == len(turns)
    assert [batch for place, batch in turns if place == 0] == [(7, number) for number in range(6)]
    others = [batch for place, batch in turns if place == 1]
    assert others == [(7 + n // 2, n % 2) for n in range(len(others))]
    assert turns[-1].part == 0


def test_turns_are_drawn_in_proportion_to_the_weights() -> None:
    """At a share of 0.3, 10,000 draws are within three standard deviations of it."""
    drawn = Counter(islice(by_weight([part(1, 3.0), part(1, 7.0)], 5), 10_000))
    assert drawn[0] == pytest.approx(3000, abs=3 * (10_000 * 0.3 * 0.7) ** 0.5)


def test_a_pass_of_so_many_turns_has_them_however_large_its_parts_are() -> None:
    """At a probability of 0.3, 10,000 turns are within three standard deviations of it; batches begin anew as needed."""
    drawn = Sampler([part(2, 3.0), part(5, 7.0)], n_turns=10_000).draw(0, 7)
    turns = list(drawn)
    assert len(drawn) == len(turns) == 10_000
    own = [batch for place, batch in turns if place == 0]
    assert len(own) == pytest.approx(3000, abs=3 * (10_000 * 0.3 * 0.7) ** 0.5)
    assert own[:5] == [(7, 0), (7, 1), (8, 0), (8, 1), (9, 0)]
    assert [turn.part for turn in Sampler([part(2)], n_turns=7).draw(0, 7)] == [0] * 7


def test_the_same_seed_draws_the_same_turns_and_another_one_others() -> None:
    parts = [part(20), part(20)]
    first, again, other = (list(Sampler(parts).draw(0, seed)) for seed in (1, 1, 2))
    assert first == again
    assert [turn.part for turn in first] != [turn.part for turn in other]


def test_learners_take_turns() -> None:
    assert list(islice(in_turn([part(1, 2.0), part(1)], 0), 7)) == [0, 0, 1, 0, 0, 1, 0]
