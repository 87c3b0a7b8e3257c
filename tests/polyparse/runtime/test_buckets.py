"""Sizes that repeat: few of them, never too small, and what fills a batch up is a sequence like any other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.runtime.buckets import RULES, bucket, buckets, pad

AXES = sorted(RULES)


@given(axis=st.sampled_from(AXES), size=st.integers(1, 5000))
def test_a_bucket_holds_its_size_at_less_than_twice_the_cost(axis: str, size: int) -> None:
    padded = bucket(axis, size)
    assert size <= padded
    assert padded < 2 * max(size, RULES[axis].least)
    assert bucket(axis, padded) == padded


@given(axis=st.sampled_from(AXES), most=st.integers(1, 3000))
def test_the_buckets_are_those_of_every_size(axis: str, most: int) -> None:
    assert list(buckets(axis, most)) == sorted({bucket(axis, size) for size in range(1, most + 1)})


def test_lengths_have_finer_ones_than_sequences() -> None:
    assert list(buckets("T", 64)) == [4, 6, 8, 12, 16, 24, 32, 48, 64]
    assert list(buckets("B", 20)) == [1, 2, 4, 8, 16, 32]


def test_an_axis_of_a_fixed_size_keeps_it() -> None:
    assert bucket("60", 60) == 60


def test_what_fills_a_batch_up_has_one_token_and_one_tag() -> None:
    lengths_B = pad("lengths_B", np.array([2, 3, 1], dtype=np.int32), ("B",))
    words_BT = pad("words_BT", np.array([[4, 5, 0], [1, 2, 3], [6, 0, 0]]), ("B", "T"))
    allowed_BK = pad("allowed_BK", np.zeros((3, 5), dtype=np.bool_), ("B", 5))
    assert lengths_B.tolist() == [2, 3, 1, 1]
    assert words_BT.tolist() == [[4, 5, 0, 0], [1, 2, 3, 0], [6, 0, 0, 0], [1, 0, 0, 0]]
    assert allowed_BK[3].tolist() == [True, False, False, False, False]
    assert not allowed_BK[:3].any()


def test_all_else_is_filled_with_zeros_and_keeps_its_type() -> None:
    vectors_UE = pad("vectors_UE", np.ones((3, 2), dtype=np.float32), ("U", 2))
    assert vectors_UE.shape == (32, 2)
    assert vectors_UE.dtype == np.float32
    assert vectors_UE[3:].sum() == 0.0


@pytest.mark.parametrize("shape", [(4, 8), (1, 4)])
def test_what_has_such_a_shape_is_not_copied(shape: tuple[int, int]) -> None:
    words_BT = np.ones(shape, dtype=np.int64)
    assert pad("words_BT", words_BT, ("B", "T")) is words_BT
