"""Layers of networks as nodes of a graph, their parameters as initialisers; `small` stores those in fewer bytes.

Axes: B utterances, T tokens, H channels; `inside_BT1` is 1.0 where there is a word and 0.0 in padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.parameters import parameter
from train.models.pooling import BELOW_ALL

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from model_export.graph import Graph, Value


class Layers:
    """Adds layers to `graph`; a name is the parameter's in the network."""

    def __init__(self, graph: Graph, *, small: bool) -> None:
        self.graph = graph
        self._small = small

    def parameter(self, name: str, tensor: Tensor | NDArray[np.float32]) -> Value:
        """A tensor of the network."""
        return parameter(self.graph, name, tensor, small=self._small)

    def linear(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value @ weight.T + bias."""
        graph = self.graph
        weight = graph.op("Transpose", self.parameter(f"{name}.weight", layer.weight), perm=[1, 0])
        return graph.op("Add", graph.op("MatMul", value, weight), self.parameter(f"{name}.bias", layer.bias))

    def gelu(self, value: Value) -> Value:
        """x * Phi(x), exactly (Hendrycks & Gimpel 2016)."""
        graph = self.graph
        half = graph.op("Mul", value, graph.constant(0.5, np.float32))
        erf = graph.op("Erf", graph.op("Mul", value, graph.constant(np.sqrt(0.5), np.float32)))
        return graph.op("Mul", half, graph.op("Add", erf, graph.constant(1.0, np.float32)))

    def norm(self, name: str, norm: nn.LayerNorm, hidden_BTH: Value, inside_BT1: Value) -> Value:
        """Normalised over its channels; zero in padding."""
        graph = self.graph
        weight, bias = (self.parameter(f"{name}.{part}", getattr(norm, part)) for part in ("weight", "bias"))
        normed_BTH = graph.op("LayerNormalization", hidden_BTH, weight, bias, axis=-1, epsilon=norm.eps)
        return graph.op("Mul", normed_BTH, inside_BT1)

    def lowered(self, hidden_BTH: Value, inside_BT1: Value) -> Value:
        """`hidden_BTH`, which is zero in padding, with BELOW_ALL there."""
        graph = self.graph
        outside_BT1 = graph.op("Sub", inside_BT1, graph.constant(1.0, np.float32))
        far_below_BT1 = graph.op("Mul", outside_BT1, graph.constant(-BELOW_ALL, np.float32))
        return graph.op("Add", hidden_BTH, far_below_BT1)
