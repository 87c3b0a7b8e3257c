"""Layers of networks as nodes of a graph, their parameters as initialisers; `small` stores those in fewer bytes.

Axes: B utterances, T tokens, H channels; `inside_BT1` is 1.0 where there is a word and 0.0 in padding.

A linear layer whose input has a static scale multiplies in integers. What is done to its input beforehand (padding, say) may
be done to the codes of it: `codes`, then `product`; `linear` does both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graph import ABSENT
from model_export.parameters import as_array, parameter
from model_export.quantise import ZERO_POINT
from train.models.pooling import BELOW_ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from model_export.graph import Graph, Value


class Layers:
    """Adds layers to `graph`; a name is the parameter's in the network."""

    def __init__(
        self, graph: Graph, *, small: bool, input_scales: Mapping[str, float], within: str = ""
    ) -> None:
        """`input_scales` are those of linear layers by their names (see `model_export.input_scales`).

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
        return self.product(name, layer, self.codes(name, value))

    def codes(self, name: str, value: Value) -> Value:
        """What the linear layer `name` multiplies: the value, or its codes."""
        scale = self._scale(name)
        return value if scale is None else self.graph.codes(value, scale)

    def zero(self, name: str) -> Value:
        """What to pad `codes` with."""
        return ABSENT if self._scale(name) is None else self.graph.constant(ZERO_POINT, np.uint8)

    def product(self, name: str, layer: nn.Linear, codes: Value) -> Value:
        """`linear` of a value that `codes` was made of."""
        graph, scale = self.graph, self._scale(name)
        if scale is None:
            weight = graph.op("Transpose", self.parameter(f"{name}.weight", layer.weight), perm=[1, 0])
            made = graph.op("MatMul", codes, weight)
        else:
            whole_name = f"{self._within}{name}.weight"
            made = graph.product(codes, scale, whole_name, as_array(layer.weight))
        bias = dict(layer.named_parameters()).get("bias")
        return made if bias is None else graph.op("Add", made, self.parameter(f"{name}.bias", bias))

    def gelu(self, value: Value) -> Value:
        """x * Phi(x), exactly (Hendrycks & Gimpel 2016), in the order that a runtime knows and runs as one operator."""
        graph = self.graph
        erf = graph.op("Erf", graph.op("Div", value, graph.constant(np.sqrt(2.0), np.float32)))
        doubled = graph.op("Mul", value, graph.op("Add", erf, graph.constant(1.0, np.float32)))
        return graph.op("Mul", doubled, graph.constant(0.5, np.float32))

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

    def _scale(self, name: str) -> float | None:
        return self._scales.get(self._within + name)
