"""Quantisation of floats: to int8 for storage, and to codes (small integers) for products that run in integers.

Axes: N outputs of a linear layer, K inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Codes = NDArray[np.int8]

MAX_STORED = 127
MAX_INPUT = 127
"""An input's codes run from -128 to 127; ONNX adds ZERO_POINT and keeps them as uint8."""
ZERO_POINT = 128
MAX_WEIGHT = 63
"""Seven bits: processors without VNNI add two products of uint8 and int8 in 16 bits, which can hold 2 * 255 * 63."""
CLIPS = np.linspace(0.3, 1.0, 15, dtype=np.float32)
"""Candidates for the clipping limit of a scale, as shares of the largest value."""


def quantise(array: Floats, axis: int) -> tuple[Codes, Floats]:
    """int8 values and their scales along `axis` (size 1 on every other axis); where all values are zero the scale is 1."""
    others = tuple(other for other in range(array.ndim) if other != axis % array.ndim)
    peaks = np.abs(array).max(axis=others, keepdims=True)
    scale = np.where(peaks > 0, peaks / MAX_STORED, 1.0).astype(np.float32)
    return np.rint(array / scale).astype(np.int8), scale


def closest_scale(values: Floats, most: int) -> np.float32:
    """The scale with the smallest squared error, among those that clip at CLIPS of the largest value; 1 for zeros alone."""
    scales = np.abs(values).max(initial=0.0) * CLIPS / most
    if scales[0] < np.finfo(np.float32).tiny:  # values so small cannot be divided by their scale
        return np.float32(1.0)
    squared_errors = [np.square(_rounded(values, scale, most) * scale - values).sum() for scale in scales]
    return np.float32(scales[int(np.argmin(squared_errors))])


def factor(weight_NK: Floats) -> tuple[Codes, Floats]:
    """codes_NK of at most MAX_WEIGHT and scale_N, one scale for each output: weight_NK ~ codes_NK * scale_N."""
    scale_N = np.array([closest_scale(output_K, MAX_WEIGHT) for output_K in weight_NK], np.float32)
    return _rounded(weight_NK, scale_N[:, None], MAX_WEIGHT).astype(np.int8), scale_N


def _rounded(values: Floats, scale: Floats | np.float32, most: int) -> Floats:
    rounded: Floats = np.clip(np.rint(values / scale), -most, most)
    return rounded
