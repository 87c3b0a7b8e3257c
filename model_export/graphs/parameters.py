"""How a parameter of a joint network is stored: as float32, or in fewer bytes as float16 or int8."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from model_export.graphs.builder import Graph, Store, Value

    Trained = Tensor | NDArray[np.float32]


def parameter(
    graph: Graph, name: str, tensor: Trained, *, small: bool, int8_axis: int | None = None
) -> Value:
    """A parameter as an initialiser of a graph; `small` stores it in fewer bytes.

    It is then int8 with a scale for each index of `int8_axis`, or float16 without such an axis.
    """
    store: Store = "float32" if not small else "float16" if int8_axis is None else "int8"
    return graph.parameter(name, as_array(tensor), store=store, axis=int8_axis or 0)


def as_array(tensor: Trained) -> NDArray[np.float32]:
    """The values of a parameter."""
    return tensor if isinstance(tensor, np.ndarray) else tensor.detach().cpu().numpy()
