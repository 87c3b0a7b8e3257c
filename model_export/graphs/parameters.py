"""How the parameters of a joint network are stored: which ones as int8, and along which axis they have scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from model_export.graphs.builder import Graph, Store, Value

INT8_AXIS = {"embedder.words.weight": 0, "W": 1, "R": 1}
"""Whole name or last part of the parameters that a small bundle stores as int8 -> axis with a scale for each index: for each
word of the word table, for each gate row of an LSTM. The others are stored as float16."""


def parameter(graph: Graph, name: str, tensor: Tensor | NDArray[np.float32], *, small: bool) -> Value:
    """A parameter as an initialiser of a graph; `small` stores it in fewer bytes."""
    array = as_array(tensor)
    if not small:
        return graph.parameter(name, array)
    axis = INT8_AXIS.get(name, INT8_AXIS.get(name.rpartition(".")[2]))
    store: Store = "float16" if axis is None else "int8"
    return graph.parameter(name, array, store=store, axis=axis or 0)


def as_array(tensor: Tensor | NDArray[np.float32]) -> NDArray[np.float32]:
    """The values of a parameter."""
    return tensor if isinstance(tensor, np.ndarray) else tensor.detach().cpu().numpy()
