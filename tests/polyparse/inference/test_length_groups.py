"""Groups of like lengths: every item once, the least cost of all ways to cut, and never more than one run would cost."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from polyparse.inference.length_groups import Cost, groups

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=40)
COSTS = st.builds(Cost, step=st.integers(0, 9), run=st.integers(0, 40))
COST = Cost(step=1, run=6)


def total(lengths: list[int], parts: list[list[int]], cost: Cost) -> float:
    return sum(cost.of(len(part), max(lengths[position] for position in part)) for part in parts)


@given(LENGTHS, COSTS)
def test_every_row_is_in_one_group(lengths: list[int], cost: Cost) -> None:
    actual = groups(lengths, cost)
    assert sorted(position for part in actual for position in part) == list(range(len(lengths)))


@given(LENGTHS, COSTS)
def test_rows_come_by_length(lengths: list[int], cost: Cost) -> None:
    in_order = [lengths[position] for part in groups(lengths, cost) for position in part]
    assert in_order == sorted(lengths)


@given(LENGTHS, COSTS)
def test_groups_cost_no_more_than_one_run_of_all(lengths: list[int], cost: Cost) -> None:
    assert total(lengths, groups(lengths, cost), cost) <= cost.of(len(lengths), max(lengths))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=7), COSTS)
def test_no_other_way_to_cut_the_sorted_rows_costs_less(lengths: list[int], cost: Cost) -> None:
    """The slow twin tries every set of cuts."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    actual = []
    for n_cuts in range(len(order)):
        for cuts in combinations(range(1, len(order)), n_cuts):
            edges = [0, *cuts, len(order)]
            actual.append(total(lengths, [order[a:b] for a, b in pairwise(edges)], cost))
    assert total(lengths, groups(lengths, cost), cost) == min(actual)


def test_like_lengths_run_together_and_a_long_item_apart() -> None:
    assert groups([7, 8, 7, 60, 8], COST) == [[0, 2, 1, 4], [3]]
    assert groups([5], COST) == [[0]]


def test_the_dearer_a_run_or_a_step_the_fewer_the_groups() -> None:
    lengths = [2, 3, 5, 8, 8, 13]
    actual = [len(groups(lengths, cost)) for cost in (Cost(0, 0), COST, Cost(4, 22), Cost(1, 1000))]
    assert actual == sorted(actual, reverse=True)
    assert (actual[0], actual[-1]) == (5, 1)
