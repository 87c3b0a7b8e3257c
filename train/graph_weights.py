"""The parameters of a network, read back from the graphs of a bundle: floats again, by the names that the network has.

A parameter that is stored as int8 has a scale for each row, or for each gate of an LSTM; what is read differs from what was
trained by at most half a scale. Axes: H hidden size of an LSTM's direction, E its input.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import onnx
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SCALE = ".scale"
"""What the name of a parameter's scales has after that of the parameter."""
LSTM = re.compile(r"(.+)\.([WRB])")
"""ONNX's three tensors of a bidirectional LSTM, which stand for PyTorch's eight."""
DIRECTIONS = ("", "_reverse")


def parameters_of(model: onnx.ModelProto) -> dict[str, Floats]:
    """All parameters of a graph by name; constants, whose names have no dot, are none."""
    stored = initialisers_of(model)
    names = [name for name in stored if "." in name and not name.endswith(SCALE)]
    floats = {name: floats_of(stored, name) for name in names}
    return {own: array for name in names for own, array in _by_own_names(name, floats[name])}


def initialisers_of(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """What a graph stores, by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def floats_of(stored: Mapping[str, onnx.TensorProto], name: str) -> Floats:
    """A tensor as floats, multiplied by its scales where it has some; ConfigError where they do not fit it."""
    array: Floats = numpy_helper.to_array(stored[name]).astype(np.float32)
    if name + SCALE not in stored:
        return array
    scale: Floats = numpy_helper.to_array(stored[name + SCALE]).astype(np.float32)
    scale = scale.reshape(scale.shape + (1,) * (array.ndim - scale.ndim))
    try:
        return array * np.broadcast_to(scale, array.shape)
    except ValueError:
        raise ConfigError(
            f"{name}: found scales of shape {scale.shape}, expected some for {array.shape}"
        ) from None


def _by_own_names(name: str, array: Floats) -> Iterator[tuple[str, Floats]]:
    match = LSTM.fullmatch(name)
    if match is None:
        yield name, array
        return
    layer, part = match.groups()
    for direction, of_direction in zip(DIRECTIONS, array, strict=True):
        if part == "B":
            for kind, bias in zip(("ih", "hh"), np.split(of_direction, 2), strict=True):
                yield f"{layer}.bias_{kind}_l0{direction}", _gates(bias)
        else:
            kind = "ih" if part == "W" else "hh"
            yield f"{layer}.weight_{kind}_l0{direction}", _gates(of_direction)


def _gates(stacked: Floats) -> Floats:
    """PyTorch's order of the gates, i, f, g, o, from ONNX's, i, o, f, c."""
    i, o, f, g = np.split(stacked, 4)
    return np.concatenate([i, f, g, o])
