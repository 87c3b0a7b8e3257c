"""Scales and codes: they lose little, fit their bits, and zeros stay zeros."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model_export.graphs.quantise import CLIPS, MAX_WEIGHT, closest_scale, factor, quantise

floats = st.floats(-1e3, 1e3, width=32)


def lost(values: np.ndarray, scale: np.float32, most: int) -> float:
    return float(np.square(np.clip(np.rint(values / scale), -most, most) * scale - values).sum())


def test_a_row_of_zeros_quantises_to_zeros() -> None:
    values, scale = quantise(np.zeros((2, 3), np.float32), axis=0)
    assert values.tolist() == np.zeros((2, 3)).tolist()
    assert scale.tolist() == [[1.0], [1.0]]


@given(arrays(np.float32, st.integers(1, 40), elements=floats))
@example(np.array([1e-45], np.float32))
@example(np.array([1e-38, 3e-37], np.float32))
def test_no_other_clip_loses_less(values: np.ndarray) -> None:
    actual = closest_scale(values, 63)
    for scale in np.abs(values).max() * CLIPS / 63:
        assert not scale or lost(values, actual, 63) <= lost(values, scale, 63)


def test_a_lone_outlier_is_clipped_and_an_even_spread_is_not() -> None:
    spread = np.linspace(-1, 1, 20_001, dtype=np.float32)
    assert closest_scale(spread, 63) * 63 == pytest.approx(1.0)
    assert closest_scale(np.append(spread, np.float32(2.0)), 63) * 63 < 1.5


@pytest.mark.parametrize("values", [[], [0.0, 0.0]])
def test_nothing_but_zeros_has_scale_1(values: list[float]) -> None:
    assert closest_scale(np.array(values, np.float32), 63) == 1.0


@given(arrays(np.float32, (3, 8), elements=floats))
def test_two_products_fit_16_bits_and_each_output_has_its_own_scale(weight_NK: np.ndarray) -> None:
    """Processors without VNNI add pairs of products of a uint8 and an int8 in 16 bits, and saturate."""
    codes, scale_N = factor(weight_NK)
    assert codes.dtype == np.int8
    assert np.abs(codes.astype(int)).max() <= MAX_WEIGHT
    assert np.iinfo(np.int16).max >= 2 * 255 * MAX_WEIGHT
    for row_K, codes_K, scale in zip(weight_NK, codes, scale_N, strict=True):
        assert scale == closest_scale(row_K, MAX_WEIGHT)
        assert lost(row_K, scale, MAX_WEIGHT) == pytest.approx(np.square(codes_K * scale - row_K).sum())
