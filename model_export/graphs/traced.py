"""A module of PyTorch as nodes of a graph, as `torch.onnx` draws them, where nobody has drawn it by hand.

The module's forward pass is traced, once, so it may not decide by the values in its inputs, nor loop over an axis that
varies. What such a pass would give for other inputs is not what the module gives; it is refused where PyTorch notices it,
and the gates of an export are there for the rest.

Of PyTorch's two exporters this is the older one (why: docs/decisions/001).
"""

from __future__ import annotations

import io
import warnings
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import onnx
import torch
from onnx import helper, numpy_helper
from torch.jit import TracerWarning  # type: ignore[attr-defined]  # public, but for its __all__

from model_export.graphs.builder import ABSENT, OPSET
from polyparse.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor, nn

    from model_export.graphs.builder import Graph, Value
    from model_export.graphs.layers import Layers


PYTORCH = str(Path(torch.__file__).parent)
"""Where PyTorch's own layers are, which check sizes that do not vary."""


class TracedInput(NamedTuple):
    """An input of the module: its value in the graph, an example, and the axes in which it may have another size."""

    value: Value
    example: Tensor
    varying: tuple[int, ...]


def trace(layers: Layers, module: nn.Module, inputs: Sequence[TracedInput]) -> Value:
    """The output of the module, which has one; its parameters and buffers are initialisers of the graph, by their names.

    Raises:
        ConfigError: PyTorch cannot draw the module, or only for inputs like the examples.
    """
    drawn = _drawn(module, inputs)
    values = {item.name: one.value for item, one in zip(drawn.input, inputs, strict=True)}
    tensors = {tensor.name: tensor for tensor in drawn.initializer}
    named = chain(module.named_parameters(), module.named_buffers())
    trained = {name: tensor for name, tensor in named if tensor.is_floating_point()}
    for node in drawn.node:
        for name in set(node.input) & tensors.keys() - values.keys():
            values[name] = _initialiser(layers, tensors[name], trained)
        outputs = _copy(layers.graph, node, [values[name] if name else ABSENT for name in node.input])
        values |= dict(zip(node.output, outputs, strict=True))
    return values[drawn.output[0].name]


def _drawn(module: nn.Module, inputs: Sequence[TracedInput]) -> onnx.GraphProto:
    """The graph of a module in evaluation mode."""
    names, stream = [f"input_{number}" for number in range(len(inputs))], io.BytesIO()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            torch.onnx.export(
                module.eval(),
                tuple(one.example for one in inputs),
                stream,  # type: ignore[arg-type]  # the older exporter writes to streams
                dynamo=False,
                opset_version=OPSET,
                do_constant_folding=False,
                input_names=names,
                dynamic_axes={name: list(one.varying) for name, one in zip(names, inputs, strict=True)},
            )
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            raise _refusal(module, error) from error
    for each in caught:
        if issubclass(each.category, TracerWarning) and not each.filename.startswith(PYTORCH):
            raise _refusal(module, each.message)
    return onnx.load_from_string(stream.getvalue()).graph


def _refusal(module: nn.Module, reason: object) -> ConfigError:
    line = str(reason).strip().splitlines()[0]
    return ConfigError(
        f"{type(module).__name__}: found what cannot be traced ({line}), expected one pass for all inputs"
    )


def _initialiser(layers: Layers, tensor: onnx.TensorProto, trained: Mapping[str, Tensor]) -> Value:
    if tensor.name in trained:
        return layers.parameter(tensor.name, trained[tensor.name])
    array = numpy_helper.to_array(tensor)
    return layers.graph.constant(array, array.dtype)


def _copy(graph: Graph, node: onnx.NodeProto, inputs: Sequence[Value]) -> list[Value]:
    """The outputs of a node, put into the graph; ConfigError for a loop or branch."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    if any(isinstance(value, onnx.GraphProto) for value in attributes.values()):
        raise ConfigError(f"{node.name}: found {node.op_type} in a traced module, expected no loop or branch")
    if node.op_type == "Constant":
        array = numpy_helper.to_array(attributes["value"])
        return [graph.constant(array, array.dtype)]
    return graph.ops(node.op_type, *inputs, n_outputs=len(node.output), **attributes)
