"""The batches of an epoch: every item once, one length a batch, in an order that the seed gives and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.train.tiny import TINY
from train.data.batches import CHUNK, POOL, EqualLengthBatches, SimilarLengthBatches, epoch_seed, lengths_of

if TYPE_CHECKING:
    import pytest

VECTORIZER = Vectorizer(Vocabulary((), ""), None)
seeds = st.integers(0, 2**32)
some_lengths = st.lists(st.integers(1, 5), max_size=40)


def batches_of(lengths: list[int], size: int, seed: int) -> EqualLengthBatches:
    items = [VECTORIZER.item(Utterance(" ".join("a" * length))) for length in lengths]
    return EqualLengthBatches(lengths_of(items), size, seed)


@given(some_lengths, st.integers(1, 7), seeds)
def test_every_item_is_in_one_batch_of_its_length(lengths: list[int], size: int, seed: int) -> None:
    batches = batches_of(lengths, size, seed)
    assert sorted(position for batch in batches for position in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len({lengths[position] for position in batch}) == 1
        assert 1 <= len(batch) <= size


@given(some_lengths, st.integers(1, 7), seeds)
def test_there_are_no_more_batches_than_there_have_to_be(lengths: list[int], size: int, seed: int) -> None:
    batches = batches_of(lengths, size, seed)
    assert len(batches) == sum(-(-count // size) for count in Counter(lengths).values())


@given(some_lengths, st.integers(1, 7), seeds)
def test_one_seed_gives_one_order(lengths: list[int], size: int, seed: int) -> None:
    assert list(batches_of(lengths, size, seed)) == list(batches_of(lengths, size, seed))


def test_another_seed_gives_other_batches_in_another_order() -> None:
    lengths = [1, 2, 3, 4] * 10
    first, second = (batches_of(lengths, 5, seed) for seed in (1, 2))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    lengths_of_batches = [[lengths[batch[0]] for batch in batches] for batches in (first, second)]
    assert lengths_of_batches[0] != lengths_of_batches[1]


def test_batches_of_one_length_do_not_come_one_after_another() -> None:
    lengths = [1, 2, 3, 4] * 10
    in_turn = [lengths[batch[0]] for batch in batches_of(lengths, 1, seed=1)]
    assert sum(1 for _ in groupby(in_turn)) > 20


def test_no_two_epochs_of_like_seeds_draw_alike() -> None:
    drawn = [epoch_seed(replace(TINY, seed=seed), epoch) for seed in range(20) for epoch in range(500)]
    assert len(set(drawn)) == len(drawn)


def test_a_corpus_of_several_windows_is_passed_through_once_in_an_order_of_the_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each window holds chunks from all over the corpus, and no batch is of two windows."""
    monkeypatch.setattr("train.data.batches.WINDOW", 8 * CHUNK)
    lengths_N = np.random.default_rng(3).integers(1, 5, 20 * CHUNK + 7)
    batches = EqualLengthBatches(lengths_N, 32, seed=5)
    drawn = list(batches)
    assert len(batches) == len(drawn)
    assert sorted(position for batch in drawn for position in batch) == list(range(len(lengths_N)))
    assert all(len({lengths_N[position] for position in batch}) == 1 for batch in drawn)
    assert drawn == list(EqualLengthBatches(lengths_N, 32, seed=5))
    assert drawn != list(EqualLengthBatches(lengths_N, 32, seed=6))
    early = [position for batch in drawn[:16] for position in batch]
    assert max(early) - min(early) > len(lengths_N) / 2


@given(some_lengths, st.integers(1, 7), seeds)
def test_padded_batches_are_full_and_have_every_item_once(lengths: list[int], size: int, seed: int) -> None:
    batches = SimilarLengthBatches(np.array(lengths, dtype=np.int64), size, seed)
    drawn = list(batches)
    assert drawn == list(batches)
    assert sorted(position for batch in drawn for position in batch) == list(range(len(lengths)))
    assert len(drawn) == len(batches) == -(-len(lengths) // size)
    assert sum(len(batch) < size for batch in drawn) == (len(lengths) % size > 0)


def test_padded_batches_are_of_similar_lengths_and_others_by_another_seed() -> None:
    lengths = np.random.default_rng(0).integers(1, 30, 3 * 8 * POOL)
    first, second = (list(SimilarLengthBatches(lengths, 8, seed)) for seed in (1, 2))
    assert {frozenset(batch) for batch in first} != {frozenset(batch) for batch in second}
    spreads = [np.ptp(lengths[batch]) for batch in first]
    assert np.mean(spreads) <= 3, "of 29, were they not sorted"
    means = [lengths[batch].mean() for batch in first]
    assert means != sorted(means), "the order of batches is drawn too"
