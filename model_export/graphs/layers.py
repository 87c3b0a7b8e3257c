"""Layers of networks as nodes of a graph with their parameters as initialisers; `small` stores these in fewer bytes.

Tokens are in one of the layouts of `model_export.graphs.layout`.

A linear layer whose input has a static scale multiplies in integers. `linear` is `codes` (quantisation of the input), then
`product`, then `biased`; a caller may call these one by one, to move or pad codes in place of floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.parameters import as_array, parameter
from model_export.graphs.quantise import ZERO_POINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from model_export.graphs.builder import Graph, Value
    from model_export.graphs.parameters import Trained


class Layers:
    """Adds layers to `graph`; the name of a layer or parameter is its name in the network."""

    def __init__(
        self, graph: Graph, *, small: bool, input_scales: Mapping[str, float], within: str = ""
    ) -> None:
        """`input_scales`: name of a linear layer -> scale of its input (see `model_export.graphs.input_scales`).

        `within` is a prefix of all names that methods get, for a part of the network.
        """
        self.graph = graph
        self._small = small
        self._within = within
        self._scales = input_scales

    def inside(self, within: str) -> Layers:
        """The same for a part of the network: `within` stands before the names of its layers and parameters."""
        return Layers(self.graph, small=self._small, input_scales=self._scales, within=self._within + within)

    def parameter(self, name: str, tensor: Trained, *, int8_axis: int | None = None) -> Value:
        """A parameter of the network; where they are small, int8 along an axis or float16 without one."""
        return parameter(self.graph, self._within + name, tensor, small=self._small, int8_axis=int8_axis)

    def linear(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value @ weight.T + bias."""
        product = self.product(name, layer, self.codes(name, value))
        return product if layer.bias is None else self.biased(name, layer, product)

    def codes(self, name: str, value: Value) -> Value:
        """The input of the linear layer `name` for `product`: the value or, if the layer has an input scale, its codes."""
        scale = self._scale(name)
        return value if scale is None else self.graph.codes(value, scale)

    def zeros(self, name: str, size: int) -> Value:
        """Zeros of shape (1, size), as `codes` would give them."""
        if self._scale(name) is None:
            return self.graph.constant(np.zeros((1, size)), np.float32)
        return self.graph.constant(np.full((1, size), ZERO_POINT), np.uint8)

    def product(self, name: str, layer: nn.Linear, codes: Value) -> Value:
        """value @ weight.T, from the `codes` of the value."""
        graph, scale = self.graph, self._scale(name)
        if scale is None:
            weight = graph.op("Transpose", self.parameter(f"{name}.weight", layer.weight), perm=[1, 0])
            return graph.op("MatMul", codes, weight)
        return graph.product(codes, scale, f"{self._within}{name}.weight", as_array(layer.weight))

    def biased(self, name: str, layer: nn.Linear, value: Value) -> Value:
        """value + bias."""
        return self.graph.op("Add", value, self.parameter(f"{name}.bias", layer.bias))

    def gelu(self, value: Value) -> Value:
        """x * Phi(x), exactly (Hendrycks & Gimpel 2016), in the order that a runtime recognises and fuses."""
        graph = self.graph
        erf = graph.op("Erf", graph.op("Div", value, graph.constant(np.sqrt(2.0), np.float32)))
        doubled = graph.op("Mul", value, graph.op("Add", erf, graph.constant(1.0, np.float32)))
        return graph.op("Mul", doubled, graph.constant(0.5, np.float32))

    def norm(self, name: str, norm: nn.LayerNorm, value: Value) -> Value:
        """Layer normalisation over the last axis."""
        weight, bias = (self.parameter(f"{name}.{part}", getattr(norm, part)) for part in ("weight", "bias"))
        return self.graph.op("LayerNormalization", value, weight, bias, axis=-1, epsilon=norm.eps)

    def _scale(self, name: str) -> float | None:
        return self._scales.get(self._within + name)
