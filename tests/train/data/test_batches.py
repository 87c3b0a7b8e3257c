"""The batches of an epoch: every item once, one length a batch, in an order that the seed gives and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.text.vectorizer import Item, Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.train.tiny import TINY
from train.data.batches import epoch_seed, equal_length_batches

VECTORIZER = Vectorizer(Vocabulary((), ""), None)
seeds = st.integers(0, 2**32)
some_lengths = st.lists(st.integers(1, 5), max_size=40)


def items_of(lengths: list[int]) -> list[Item]:
    return [VECTORIZER.item(Utterance(" ".join("a" * length))) for length in lengths]


@given(some_lengths, st.integers(1, 7), seeds)
def test_every_item_is_in_one_batch_of_its_length(lengths: list[int], size: int, seed: int) -> None:
    batches = equal_length_batches(items_of(lengths), size, seed=seed)
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[position] for position in batch}) == 1
        assert 1 <= len(batch) <= size


@given(some_lengths, st.integers(1, 7), seeds)
def test_there_are_no_more_batches_than_there_have_to_be(lengths: list[int], size: int, seed: int) -> None:
    batches = equal_length_batches(items_of(lengths), size, seed=seed)
    assert len(batches) == sum(-(-count // size) for count in Counter(lengths).values())


@given(some_lengths, st.integers(1, 7), seeds)
def test_one_seed_gives_one_order(lengths: list[int], size: int, seed: int) -> None:
    items = items_of(lengths)
    assert equal_length_batches(items, size, seed=seed) == equal_length_batches(items, size, seed=seed)


def test_another_seed_gives_other_batches_in_another_order() -> None:
    lengths = [1, 2, 3, 4] * 10
    items = items_of(lengths)
    first, second = (equal_length_batches(items, 5, seed=seed) for seed in (1, 2))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    lengths_of_batches = [[lengths[batch[0]] for batch in batches] for batches in (first, second)]
    assert lengths_of_batches[0] != lengths_of_batches[1]


def test_batches_of_one_length_do_not_come_one_after_another() -> None:
    lengths = [1, 2, 3, 4] * 10
    in_turn = [lengths[batch[0]] for batch in equal_length_batches(items_of(lengths), 1, seed=1)]
    assert sum(1 for _ in groupby(in_turn)) > 20


def test_no_two_epochs_of_like_seeds_draw_alike() -> None:
    drawn = [epoch_seed(replace(TINY, seed=seed), epoch) for seed in range(20) for epoch in range(500)]
    assert len(set(drawn)) == len(drawn)
