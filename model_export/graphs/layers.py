"""Layers of networks as nodes of a graph, their parameters as initialisers; `small` stores those in fewer bytes.

Axes: K inputs of a layer. Tokens are laid out as `model_export.graphs.layout` has them.

A linear layer whose input has a static scale multiplies in integers. What is done to its input beforehand (padding, say) may
be done to the codes of it: `codes`, then `product`, then `biased`; `linear` does all three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.parameters import as_array, parameter
from model_export.graphs.quantise import ZERO_POINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from model_export.graphs.builder import Graph, Value


class Layers:
    """Adds layers to `graph`; a name is the parameter's in the network."""

    def __init__(
        self, graph: Graph, *, small: bool, input_scales: Mapping[str, float], within: str = ""
    ) -> None:
        """`input_scales` are those of linear layers by their names (see `model_export.graphs.input_scales`).

        Names that methods are given are those within a part of the network whose own name is `within`.
        """
        self.graph = graph
        self._small = small
        self._within = within
        self._scales = input_scales

    def parameter(self, name: str, tensor: Tensor | NDArray[np.float32]) -> Value:
        """A tensor of the network."""
        return parameter(self.graph, self._within + name, tensor, small=self._small)

    def linear(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value @ weight.T + bias."""
        product = self.product(name, layer, self.codes(name, value))
        return product if layer.bias is None else self.biased(name, layer, product)

    def codes(self, name: str, value: Value) -> Value:
        """What the linear layer `name` multiplies: the value, or its codes."""
        scale = self._scale(name)
        return value if scale is None else self.graph.codes(value, scale)

    def zeros(self, name: str, size: int) -> Value:
        """A row of zeros, shape (1, size), as `codes` has them."""
        if self._scale(name) is None:
            return self.graph.constant(np.zeros((1, size)), np.float32)
        return self.graph.constant(np.full((1, size), ZERO_POINT), np.uint8)

    def product(self, name: str, layer: nn.Linear, codes: Value) -> Value:
        """value @ weight.T of a value that `codes` was made of."""
        graph, scale = self.graph, self._scale(name)
        if scale is None:
            weight = graph.op("Transpose", self.parameter(f"{name}.weight", layer.weight), perm=[1, 0])
            return graph.op("MatMul", codes, weight)
        return graph.product(codes, scale, f"{self._within}{name}.weight", as_array(layer.weight))

    def biased(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value + bias."""
        return self.graph.op("Add", value, self.parameter(f"{name}.bias", layer.bias))

    def gelu(self, value: Value) -> Value:
        """x * Phi(x), exactly (Hendrycks & Gimpel 2016), in the order that a runtime knows and runs as one operator."""
        graph = self.graph
        erf = graph.op("Erf", graph.op("Div", value, graph.constant(np.sqrt(2.0), np.float32)))
        doubled = graph.op("Mul", value, graph.op("Add", erf, graph.constant(1.0, np.float32)))
        return graph.op("Mul", doubled, graph.constant(0.5, np.float32))

    def norm(self, name: str, norm: nn.LayerNorm, value: Value) -> Value:
        """Normalised over its channels."""
        weight, bias = (self.parameter(f"{name}.{part}", getattr(norm, part)) for part in ("weight", "bias"))
        return self.graph.op("LayerNormalization", value, weight, bias, axis=-1, epsilon=norm.eps)

    def _scale(self, name: str) -> float | None:
        return self._scales.get(self._within + name)
