"""Groups of like lengths: every item once, the least cost of all ways to cut, and never more than one run would cost."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from polyparse.grouping import cost, groups

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def total(lengths: list[int], parts: list[list[int]]) -> int:
    return sum(cost(len(part), max(lengths[position] for position in part)) for part in parts)


@given(LENGTHS)
def test_every_item_is_in_one_group(lengths: list[int]) -> None:
    assert sorted(position for part in groups(lengths) for position in part) == list(range(len(lengths)))


@given(LENGTHS)
def test_groups_cost_no_more_than_one_run_of_all(lengths: list[int]) -> None:
    assert total(lengths, groups(lengths)) <= cost(len(lengths), max(lengths))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=7))
def test_no_other_way_to_cut_the_sorted_items_costs_less(lengths: list[int]) -> None:
    """The slow twin tries every set of cuts."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    found = []
    for n_cuts in range(len(order)):
        for cuts in combinations(range(1, len(order)), n_cuts):
            edges = [0, *cuts, len(order)]
            found.append(total(lengths, [order[a:b] for a, b in pairwise(edges)]))
    assert total(lengths, groups(lengths)) == min(found)


def test_like_lengths_run_together_and_a_long_item_apart() -> None:
    assert groups([7, 8, 7, 60, 8]) == [[0, 2, 1, 4], [3]]
    assert groups([5]) == [[0]]
