"""A builder of ONNX graphs: a value is represented by its name, an operator is called by its name.

graph = Graph("score")
tokens_BTE = graph.input("tokens_BTE", np.float32, ("B", "T", 300))
weight_EK = graph.parameter("slots.weight", weight_EK, store="int8", axis=1)
graph.output("emissions_BTK", graph.op("MatMul", tokens_BTE, weight_EK), np.float32, ("B", "T", 57))
model = graph.build()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NewType

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_export.graphs.quantise import ZERO_POINT, factor, quantise
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Shape = Sequence[int | str]

OPSET = 18
"""Old enough for every runtime that we support, and new enough that all its reductions take their axes as an input."""
IR_VERSION = 8

Value = NewType("Value", str)
ABSENT = Value("")
"""In place of an optional input that is left out."""
Store = Literal["float32", "float16", "int8"]


class Graph:
    """A graph under construction, or a subgraph (the body of a loop or branch); its nodes run in the order of the calls."""

    def __init__(self, name: str, *, outer: Graph | None = None) -> None:
        self._name = name
        self._outer = outer
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Value] = {}
        self._counts: dict[str, int] = {} if outer is None else outer._counts  # noqa: SLF001 (names are unique across bodies)

    def input(self, name: str, dtype: DTypeLike, shape: Shape) -> Value:
        """An input of the graph; a dimension is a size, or a name if it varies."""
        self._inputs.append(helper.make_tensor_value_info(name, _onnx_type(dtype), shape))
        return Value(name)

    def output(self, name: str, value: Value, dtype: DTypeLike, shape: Shape) -> None:
        """Make a value an output of the graph, under the given name."""
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, _onnx_type(dtype), shape))

    def op(self, kind: str, *inputs: Value, **attributes: Any) -> Value:
        """The output of an operator of ONNX's default domain; `ABSENT` in place of an optional input leaves it out."""
        return self.ops(kind, *inputs, n_outputs=1, **attributes)[0]

    def ops(self, kind: str, *inputs: Value, n_outputs: int, **attributes: Any) -> list[Value]:
        """The outputs of an operator that has several."""
        outputs = [self._new_name(kind) for _ in range(n_outputs)]
        self._nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], **attributes))
        return outputs

    def cast(self, value: Value, dtype: DTypeLike) -> Value:
        """The value converted to another type."""
        return self.op("Cast", value, to=_onnx_type(dtype))

    def constant(self, value: ArrayLike, dtype: DTypeLike) -> Value:
        """A constant tensor; equal ones are stored once, in the outermost graph."""
        if self._outer is not None:
            return self._outer.constant(value, dtype)
        array = np.asarray(value, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = self._initialise(self._new_name("constant"), array)
        return self._constants[key]

    def integers(self, *values: int) -> Value:
        """A constant int64 vector: axes, shapes or bounds of an operator."""
        return self.constant(values, np.int64)

    def parameter(
        self, name: str, array: NDArray[np.float32], *, store: Store = "float32", axis: int = 0
    ) -> Value:
        """A trained tensor as a float32 value; its initialiser has the parameter's own name.

        "int8" stores one scale for each index of `axis`, under `name.scale`: w ~ scale * round(w / scale), scale =
        max |w| / 127. The runtime converts "int8" and "float16" to float32 once, when it loads the graph.

        Raises ConfigError if a value is not finite in the stored type: the network diverged, or the value is too large.
        """
        stored = _finite(name, array, np.float16 if store == "float16" else np.float32)
        if store == "float32":
            return self._initialise(name, stored)
        if store == "float16":
            return self.cast(self._initialise(name, stored), np.float32)
        quantised, scale = quantise(array, axis)
        values = self.cast(self._initialise(name, quantised), np.float32)
        return self.op("Mul", values, self._initialise(f"{name}.scale", scale))

    def codes(self, value: Value, scale: float) -> Value:
        """The value quantised to uint8: round(value / scale) + ZERO_POINT, clipped to 0 to 255."""
        return self.op("QuantizeLinear", value, *self._scale_and_zero_point(scale))

    def product(self, codes: Value, scale: float, name: str, weight_NK: NDArray[np.float32]) -> Value:
        """codes @ weight.T as float32; the weight is stored as int8 and `name.scale`.

        On a CPU the runtime fuses the three operators into one over integers; elsewhere they run separately, over floats of
        the same values. Raises ConfigError for a weight that is not finite.
        """
        weight, scale_N = factor(_finite(name, weight_NK, np.float32))
        weight_KN = self.op("Transpose", self._initialise(name, weight), perm=[1, 0])
        scales = self._initialise(f"{name}.scale", scale_N)
        float_KN = self.op("DequantizeLinear", weight_KN, scales, axis=1)
        value = self.op("DequantizeLinear", codes, *self._scale_and_zero_point(scale))
        return self.op("MatMul", value, float_KN)

    def body(self, name: str, inputs: Sequence[str]) -> tuple[Graph, list[Value]]:
        """A subgraph for `scan` or `choose`, and its inputs; it may use every value of the graph so far."""
        body = Graph(name, outer=self)
        values = [body._new_name(name) for name in inputs]
        body._inputs = [helper.make_empty_tensor_value_info(value) for value in values]
        return body, values

    def scan(
        self,
        body: Graph,
        results: Sequence[Value],
        *,
        states: Sequence[Value],
        sequences: Sequence[Value],
        **directions: Sequence[int],
    ) -> list[Value]:
        """Run `body` along axis 0 of `sequences`; returns the last states, then the stacked outputs of all steps.

        The body's inputs are its states, then one element of each sequence; `results` are its next states, then its
        outputs. `scan_input_directions` and `scan_output_directions` have 0 (forwards, the default) or 1 (backwards) for
        each sequence and each output.
        """
        return self.ops(
            "Scan",
            *states,
            *sequences,
            n_outputs=len(results),
            body=self._subgraph(body, results),
            num_scan_inputs=len(sequences),
            **directions,
        )

    def choose(
        self, condition: Value, then: tuple[Graph, Sequence[Value]], otherwise: tuple[Graph, Sequence[Value]]
    ) -> list[Value]:
        """The values of one of two bodies without inputs, of which only one runs; `condition` is a single boolean."""
        branches = {"then_branch": self._subgraph(*then), "else_branch": self._subgraph(*otherwise)}
        return self.ops("If", condition, n_outputs=len(then[1]), **branches)

    def build(self) -> onnx.ModelProto:
        """The checked model; raises the errors of onnx for an unknown operator, a wrong type or shape."""
        self._refuse_unused()
        model = helper.make_model(
            self._proto(), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        return model

    @staticmethod
    def _subgraph(body: Graph, results: Sequence[Value]) -> onnx.GraphProto:
        """A body with these results as its outputs."""
        body._outputs = [helper.make_empty_tensor_value_info(name) for name in body._distinct(results)]
        return body._proto()

    def _scale_and_zero_point(self, scale: float) -> tuple[Value, Value]:
        """The parameters of QuantizeLinear and DequantizeLinear."""
        return self.constant(scale, np.float32), self.constant(ZERO_POINT, np.uint8)

    def _distinct(self, results: Sequence[Value]) -> list[Value]:
        """The results, with a copy of each that is no output of a node, or occurs a second time."""
        unused = {name for node in self._nodes for name in node.output}
        outputs = []
        for value in results:
            outputs.append(value if value in unused else self.op("Identity", value))
            unused.discard(value)
        return outputs

    def _refuse_unused(self) -> None:
        """Raise ValueError for an initialiser that no node reads; a runtime only warns of it."""
        unread = self._initialisers.keys() - _input_names(self._nodes)
        if unread:
            raise ValueError(
                f"{self._name}: found {', '.join(sorted(unread))} unread, expected a reader of each"
            )

    def _proto(self) -> onnx.GraphProto:
        return helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._initialisers.values())
        )

    def _initialise(self, name: str, array: NDArray[Any]) -> Value:
        if name in self._initialisers:
            raise ValueError(f"{self._name}: found a second parameter {name!r}, expected each once")
        self._initialisers[name] = numpy_helper.from_array(array, name)
        return Value(name)

    def _new_name(self, stem: str) -> Value:
        self._counts[stem] = self._counts.get(stem, 0) + 1
        return Value(f"{stem}_{self._counts[stem]}")


def _finite(name: str, array: NDArray[np.float32], dtype: DTypeLike) -> NDArray[Any]:
    """The array converted to `dtype`; raises ConfigError if a value is not finite in this type."""
    with np.errstate(over="ignore"):
        stored = array.astype(dtype)
    if not np.isfinite(stored).all():
        raise ConfigError(f"{name}: found values that are not finite in {stored.dtype}, expected finite ones")
    return stored


def _input_names(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    """Names of all inputs of the nodes and of the nodes of their subgraphs."""
    names: set[str] = set()
    for node in nodes:
        names.update(node.input)
        for attribute in node.attribute:
            names |= _input_names(attribute.g.node)
    return names


def _onnx_type(dtype: DTypeLike) -> TensorProto.DataType:
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
