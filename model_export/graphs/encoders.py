"""Encoders as nodes of a graph: tokens in, encoded tokens out in the same `TokenLayout`, zero in padding.

An encoder that is not in ENCODERS is traced by torch.onnx (`model_export.graphs.traced`).

Axes: B utterances, T tokens of the longest, N tokens of all utterances end to end, D the two directions, H encoder output.
The projection of an encoder that has one is part of the embed graph, so that its input here is already projected.

ONNX stacks both directions of an LSTM and orders the gates i, o, f, c where PyTorch has i, f, g, o; initialisers are named
after the layer, `encoder.layers.0.W` and so on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch

from model_export.graphs.layout import Packed, Padded, TokenLayout
from model_export.graphs.parameters import as_array
from model_export.graphs.traced import TracedInput, trace
from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.bisru import BiSRU
from train.models.encoders.cnn import KERNEL_WIDTH, TokenCNN
from train.models.encoders.expert_bilstm import ExpertBiLSTM
from train.models.encoders.gated_cnn import GatedCNN
from train.models.encoders.linear import TokenLinear
from train.models.encoders.parallel import Parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from model_export.graphs.builder import Value
    from model_export.graphs.layers import Layers
    from train.models.encoders import SingleEncoder
    from train.models.encoders.bisru import RecurrentUnits
    from train.models.encoders.gated_cnn import GatedBlock
    from train.models.joint import JointNetwork


def bilstm(layers: Layers, encoder: BiLSTM, hidden_BTH: Value, layout: Padded) -> Value:
    """ONNX's LSTM is time-major and stops at the length of each sequence; its output is zero in padding."""
    graph = layers.graph
    hidden_TBH = graph.op("Transpose", hidden_BTH, perm=[1, 0, 2])
    for index, layer in enumerate(encoder.layers):
        lstm = cast("nn.LSTM", layer)
        name, weights = f"layers.{index}", lstm_weights(lstm)
        (out_TDBH,) = graph.ops(
            "LSTM",
            hidden_TBH,
            layers.parameter(f"{name}.W", weights["W"], int8_axis=1),  # a scale for each gate row
            layers.parameter(f"{name}.R", weights["R"], int8_axis=1),
            layers.parameter(f"{name}.B", weights["B"]),
            layout.lengths_B,
            n_outputs=1,
            hidden_size=lstm.hidden_size,
            direction="bidirectional",
        )
        out_TBDH = graph.op("Transpose", out_TDBH, perm=[0, 2, 1, 3])
        hidden_TBH = graph.op("Reshape", out_TBDH, graph.constant([0, 0, 2 * lstm.hidden_size], np.int64))
    return graph.op("Transpose", hidden_TBH, perm=[1, 0, 2])


def expert_bilstm(layers: Layers, encoder: ExpertBiLSTM, hidden_BTH: Value, layout: Padded) -> Value:
    """The biLSTM as above, the experts and their gate as `torch.onnx` draws them."""
    recurrent_BTH = bilstm(layers.inside("recurrent."), encoder.recurrent, hidden_BTH, layout)
    tokens = TracedInput(recurrent_BTH, torch.zeros(2, 3, encoder.output_size), (0, 1))
    return layout.mask_padding(trace(layers.inside("mixture."), encoder.mixture, [tokens]))


def bisru(layers: Layers, encoder: BiSRU, hidden_BTH: Value, layout: Padded) -> Value:
    """Time-major, so that a step of the recurrence reads and writes contiguous memory."""
    graph = layers.graph
    hidden_TBH = graph.op("Transpose", hidden_BTH, perm=[1, 0, 2])
    inside_TB1 = graph.op("Transpose", layout.inside_BT1, perm=[1, 0, 2])
    for index, part in enumerate(encoder.layers):
        layer = cast("RecurrentUnits", part)
        added_TBH = _recurrent_units(layers, f"layers.{index}", layer, hidden_TBH, inside_TB1)
        hidden_TBH = graph.op("Add", hidden_TBH, added_TBH)
    hidden_BTH = graph.op("Transpose", hidden_TBH, perm=[1, 0, 2])
    return layout.mask_padding(layers.norm("norm", encoder.norm, hidden_BTH))


def _recurrent_units(
    layers: Layers, name: str, layer: RecurrentUnits, hidden_TBH: Value, inside_TB1: Value
) -> Value:
    """added_TBH, the residual of the layer."""
    graph, one = layers.graph, layers.graph.constant(1.0, np.float32)
    normed_TBH = graph.op("Mul", layers.norm(f"{name}.norm", layer.norm, hidden_TBH), inside_TB1)
    projected = layers.linear(f"{name}.gates", layer.gates, normed_TBH)
    size = layer.norm.normalized_shape[0]
    value_TBH, gates = graph.ops("Split", projected, graph.integers(size, 2 * size), n_outputs=2, axis=2)
    opened = graph.op("Sigmoid", graph.op("Add", gates, layers.parameter(f"{name}.bias", layer.bias)))
    forget_TBH, leave_TBH = graph.ops("Split", opened, n_outputs=2, axis=2, num_outputs=2)
    entering_TBH = graph.op("Mul", value_TBH, graph.op("Sub", one, forget_TBH))
    forwards, backwards = zip(
        *(
            graph.ops("Split", both_TBH, n_outputs=2, axis=2, num_outputs=2)
            for both_TBH in (entering_TBH, forget_TBH, leave_TBH)
        ),
        strict=True,
    )
    body, (forward_BH, backward_BH, *steps) = graph.body(
        name, ["cell", "cell", *("enter", "forget", "leave") * 2]
    )
    cells, outputs = [], []
    for cell_BH, (enter_BH, forget_BH, leave_BH) in ((forward_BH, steps[:3]), (backward_BH, steps[3:])):
        cells.append(body.op("Add", enter_BH, body.op("Mul", forget_BH, cell_BH)))
        outputs.append(body.op("Mul", leave_BH, cells[-1]))
    first_BH = graph.op("Gather", forwards[0], graph.constant(0, np.int64), axis=0)
    zero_BH = graph.op("Mul", first_BH, graph.constant(0.0, np.float32))
    _, _, *outputs_TBH = graph.scan(
        body,
        [*cells, *outputs],
        states=[zero_BH, zero_BH],
        sequences=[*forwards, *backwards],
        scan_input_directions=[0, 0, 0, 1, 1, 1],
        scan_output_directions=[0, 1],
    )
    return graph.op("Concat", *outputs_TBH, axis=2)


def cnn(layers: Layers, encoder: TokenCNN, hidden_BTH: Value, layout: Padded) -> Value:
    """Convolutions that read zeros in padding, in every layer."""
    graph = layers.graph
    hidden_BTH = layout.mask_padding(hidden_BTH)
    for index, layer in enumerate(encoder.layers):
        conv = cast("nn.Conv1d", layer)
        weight = layers.parameter(f"layers.{index}.weight", conv.weight)
        bias = layers.parameter(f"layers.{index}.bias", cast("Tensor", conv.bias))
        hidden_BHT = graph.op("Transpose", hidden_BTH, perm=[0, 2, 1])
        hidden_BHT = graph.op(
            "Relu", graph.op("Conv", hidden_BHT, weight, bias, pads=[KERNEL_WIDTH // 2] * 2)
        )
        hidden_BTH = layout.mask_padding(graph.op("Transpose", hidden_BHT, perm=[0, 2, 1]))
    return hidden_BTH


def gated_cnn(layers: Layers, encoder: GatedCNN, hidden_NH: Value, layout: Packed) -> Value:
    """Residual blocks and a layer normalisation."""
    for index, part in enumerate(encoder.blocks):
        block = cast("GatedBlock", part)
        gated_NH = _gated_block(layers, f"blocks.{index}", block, hidden_NH, layout)
        hidden_NH = layers.graph.op("Add", hidden_NH, gated_NH)
    return layers.norm("norm", encoder.norm, hidden_NH)


def _gated_block(layers: Layers, name: str, block: GatedBlock, hidden_NH: Value, layout: Packed) -> Value:
    """gated_NH, the residual of the block."""
    graph, size = layers.graph, block.norm.normalized_shape[0]
    near, whole = f"{name}.near", f"{name}.whole"
    normed_NH = layers.norm(f"{name}.norm", block.norm, hidden_NH)
    near_N3H = layout.neighbours(layers.codes(near, normed_NH), layers.zeros(near, size), block.dilation)
    near_NE = graph.op("Reshape", near_N3H, graph.integers(0, 3 * size))
    whole_BH = layers.linear(whole, block.whole, layout.largest(normed_NH))
    whole_BH = layers.biased(near, block.near, whole_BH)  # there are fewer utterances than tokens
    both = graph.op("Add", layers.product(near, block.near, near_NE), layout.per_token(whole_BH))
    value_NH, gate_NH = graph.ops("Split", both, n_outputs=2, axis=1, num_outputs=2)
    return graph.op("Mul", value_NH, graph.op("Sigmoid", gate_NH))


def token_linear(_layers: Layers, _encoder: TokenLinear, hidden_NH: Value, _layout: TokenLayout) -> Value:
    """The projection, which is part of the embed graph, is the whole encoder."""
    return hidden_NH


def parallel(layers: Layers, encoder: Parallel, hidden_BTH: Value, layout: Padded) -> Value:
    """Each part in its own layout; a part that projects words does so here, for the others need them as they are."""
    encoded_BTH = []
    for name, part in encoder.parts.items():
        export, inner = export_of(part), layers.inside(f"parts.{name}.")
        own_layout = layout.other(export.layout)
        values = own_layout.of_padded(hidden_BTH)
        if export.projects_words:
            values = inner.linear("projection", cast("nn.Linear", part.projection), values)
        encoded_BTH.append(own_layout.to_padded(export.nodes(inner, part, values, own_layout)))
    return layout.mask_padding(layers.graph.op("Concat", *encoded_BTH, axis=2))


def traced(layers: Layers, encoder: SingleEncoder, hidden_BTH: Value, layout: Padded) -> Value:
    """As `torch.onnx` draws it; raises TypeError for an encoder without `input_size`."""
    if not isinstance(size := getattr(encoder, "input_size", None), int):
        raise TypeError(f"found {type(encoder).__name__} without input_size, expected one to trace it by")
    embedded_BTE, lengths_B = torch.zeros(2, 3, size), torch.tensor([3, 2])
    tokens = TracedInput(hidden_BTH, embedded_BTE, (0, 1))
    return trace(layers, encoder, [tokens, TracedInput(layout.int64_lengths_B, lengths_B, (0,))])


class EncoderExport(NamedTuple):
    """How an encoder is exported; by default it is traced. `nodes` maps (layers, encoder, tokens, layout) to encoded tokens.

    `projects_words`: its first layer, `projection`, reads one word at a time and is computed once for each word, in the
    embed graph. `in_integers`: its linear layers over tokens compute in integers, with static input scales.
    """

    nodes: Callable[[Layers, Any, Value, Any], Value] = traced
    layout: type[TokenLayout] = Padded
    projects_words: bool = False
    in_integers: bool = False


ENCODERS: Mapping[type[nn.Module], EncoderExport] = {
    BiLSTM: EncoderExport(bilstm),  # an LSTM's products are inside one operator, which has no static scales
    ExpertBiLSTM: EncoderExport(expert_bilstm),
    BiSRU: EncoderExport(bisru, projects_words=True, in_integers=True),
    TokenCNN: EncoderExport(cnn),
    GatedCNN: EncoderExport(gated_cnn, layout=Packed, projects_words=True, in_integers=True),
    TokenLinear: EncoderExport(token_linear, layout=Packed, projects_words=True),
    Parallel: EncoderExport(parallel),
}
"""Those drawn by hand: they compute in integers, or over packed tokens, or by operators that tracing does not give, or are
made of others."""


def export_of(encoder: nn.Module) -> EncoderExport:
    """How an encoder is exported."""
    return ENCODERS.get(type(encoder), EncoderExport())


def word_projection(network: JointNetwork) -> nn.Linear | None:
    """The encoder's first layer, if it reads one word vector at a time; else None."""
    return (
        cast("nn.Linear", network.encoder.projection) if export_of(network.encoder).projects_words else None
    )


def lstm_weights(lstm: nn.LSTM) -> dict[str, NDArray[np.float32]]:
    """W (2, 4H, E), R (2, 4H, H) and B (2, 8H) of a bidirectional layer, gates in ONNX's order i, o, f, c."""

    def both(directions: Sequence[Tensor]) -> NDArray[np.float32]:
        gates = [np.split(as_array(parameter), 4) for parameter in directions]  # i, f, g, o
        return np.stack([np.concatenate([i, o, f, g]) for i, f, g, o in gates])

    weights, recurrent, *biases = map(both, zip(*lstm.all_weights, strict=True))
    return {"W": weights, "R": recurrent, "B": np.concatenate(biases, axis=1)}
