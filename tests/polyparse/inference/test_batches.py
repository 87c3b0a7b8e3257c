"""Batches hold every position once, the shortest items first, and what comes of them comes back in the items' order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.inference.batches import BATCH_SIZE, by_length, cut, run_batches

LENGTHS = st.lists(st.integers(1, 9), max_size=30)
SIZES = st.integers(1, 8)


def flat(batches: list[list[int]]) -> list[int]:
    return [position for batch in batches for position in batch]


@given(LENGTHS, SIZES, st.booleans())
def test_every_position_is_in_one_batch_of_at_most_the_size(
    lengths: list[int], size: int, equal_lengths: bool
) -> None:
    batches = by_length(lengths, size, equal_lengths=equal_lengths)
    assert sorted(flat(batches)) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= size for batch in batches)


@given(LENGTHS, SIZES, st.booleans())
def test_the_shortest_come_first_and_equals_in_their_order(
    lengths: list[int], size: int, equal_lengths: bool
) -> None:
    order = flat(by_length(lengths, size, equal_lengths=equal_lengths))
    assert all((lengths[a], a) < (lengths[b], b) for a, b in pairwise(order))


@given(LENGTHS, SIZES)
def test_there_are_no_more_batches_than_the_size_asks_for(lengths: list[int], size: int) -> None:
    assert len(by_length(lengths, size)) == -(-len(lengths) // size)


@given(LENGTHS, SIZES)
def test_batches_of_equal_lengths_mix_none_and_are_full_but_the_last_of_a_length(
    lengths: list[int], size: int
) -> None:
    batches = by_length(lengths, size, equal_lengths=True)
    assert all(len({lengths[position] for position in batch}) == 1 for batch in batches)
    expected = sum(-(-lengths.count(length) // size) for length in set(lengths))
    assert len(batches) == expected


def test_a_batch_is_of_the_default_size_where_none_is_said() -> None:
    assert [len(batch) for batch in by_length([1] * (BATCH_SIZE + 3))] == [BATCH_SIZE, 3]


@given(st.lists(st.integers(), max_size=20), SIZES)
def test_positions_are_cut_in_their_order(positions: list[int], size: int) -> None:
    batches = cut(positions, size)
    assert flat(batches) == positions
    assert all(len(batch) == size for batch in batches[:-1])


@given(st.lists(st.text("abc", min_size=1, max_size=9), max_size=30), SIZES, st.booleans())
def test_results_come_in_the_order_of_the_items(words: list[str], size: int, equal_lengths: bool) -> None:
    batches = by_length([len(word) for word in words], size, equal_lengths=equal_lengths)
    runs: list[list[str]] = []

    def run(batch: object) -> list[str]:
        assert isinstance(batch, list)
        runs.append(batch)
        return [word.upper() for word in batch]

    assert run_batches(batches, words, run) == [word.upper() for word in words]
    assert runs == [[words[position] for position in batch] for batch in batches]


@pytest.mark.parametrize("results", [["A"], ["A", "B", "C"]])
def test_a_run_that_gives_not_a_result_an_item_is_refused(results: list[str]) -> None:
    with pytest.raises(ValueError, match="argument 2 is"):
        run_batches([[0, 1]], ["a", "b"], lambda _: results)
