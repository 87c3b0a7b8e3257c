"""Softmax and mean-field decoding as graph nodes: the best tag of each token by itself.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), N neighbours of a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from polyparse.inference.networks import Decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_export.graphs.builder import Graph, Value
    from model_export.graphs.decoder import DecoderInputs
    from train.models.heads.ain_first import AinFirst
    from train.models.heads.softmax import Softmax


def softmax(
    graph: Graph, inputs: DecoderInputs, _head: Softmax, _parameters: Mapping[str, Value]
) -> Decoded[Value]:
    """The MaxEnt head: Q is the softmax of the emissions."""
    return _factorised(graph, inputs, graph.op("Softmax", inputs.emissions_BTK, axis=2))


def mean_field(
    graph: Graph, inputs: DecoderInputs, head: AinFirst, parameters: Mapping[str, Value]
) -> Decoded[Value]:
    """`train.models.heads.mean_field` in ONNX: one matrix product in each iteration gives the messages of all neighbours."""
    names = {id(parameter): name for name, parameter in head.named_parameters()}
    tables = {distance: parameters[names[id(table)]] for distance, table in head.tables().items()}
    reach = max(tables)
    offsets = graph.integers(*(reach + sign * distance for distance in tables for sign in (-1, 1)))
    both_ways = [(table_IJ, graph.op("Transpose", table_IJ, perm=[1, 0])) for table_IJ in tables.values()]
    messages_IJ = graph.op("Concat", *(table for pair in both_ways for table in pair), axis=0)
    positions_T1 = graph.op("Unsqueeze", inputs.positions_T, graph.integers(1))
    neighbours_TN = graph.op("Add", positions_T1, offsets)
    inside_BT1 = graph.op("Unsqueeze", inputs.inside_BT, graph.integers(2))
    potentials_BTK = graph.op("Add", inputs.emissions_BTK, _boundary(graph, inputs, parameters, positions_T1))
    padding, flat = graph.integers(0, reach, 0, 0, reach, 0), graph.integers(0, 0, -1)
    zero = graph.constant(0.0, np.float32)
    steps = head.steps()
    q_BTK = graph.op(
        "Softmax", _scaled(graph, inputs.emissions_BTK, steps[0].sharpness if steps else 1.0), axis=2
    )
    for sharpness, share in steps:
        sent_BTK = graph.op("Pad", graph.op("Where", inside_BT1, q_BTK, zero), padding)
        q_BTNK = graph.op("Gather", sent_BTK, neighbours_TN, axis=1)
        messages_BTK = graph.op("MatMul", graph.op("Reshape", q_BTNK, flat), messages_IJ)
        scores_BTK = _scaled(graph, graph.op("Add", potentials_BTK, messages_BTK), sharpness)
        new_q_BTK = graph.op("Softmax", scores_BTK, axis=2)
        q_BTK = new_q_BTK if share == 1.0 else _mixed(graph, q_BTK, new_q_BTK, share)
    return _factorised(graph, inputs, q_BTK)


def _mixed(graph: Graph, old: Value, new: Value, share: float) -> Value:
    """`share` of the way from the old value to the new."""
    return graph.op("Add", _scaled(graph, old, 1.0 - share), _scaled(graph, new, share))


def _scaled(graph: Graph, value: Value, factor: float) -> Value:
    """factor * value, without an operator if the factor is 1."""
    return value if factor == 1.0 else graph.op("Mul", value, graph.constant(factor, np.float32))


def _boundary(
    graph: Graph, inputs: DecoderInputs, parameters: Mapping[str, Value], positions_T1: Value
) -> Value:
    """boundary_BTK: start_K at the first token and end_K at the last one, as flags_BT2 @ (start_K, end_K)."""
    last_B11 = graph.op(
        "Unsqueeze", graph.op("Sub", inputs.lengths_B, graph.integers(1)), graph.integers(1, 2)
    )
    flags_BT2 = graph.op("Equal", positions_T1, graph.op("Mul", last_B11, graph.integers(0, 1)))
    scores = [graph.op("Unsqueeze", parameters[name], graph.integers(0)) for name in ("start_K", "end_K")]
    return graph.op("MatMul", graph.cast(flags_BT2, np.float32), graph.op("Concat", *scores, axis=0))


def _factorised(graph: Graph, inputs: DecoderInputs, q_BTK: Value) -> Decoded[Value]:
    """y_i = argmax Q_i at each token, the marginal Q_i(y_i), and sum_i log Q_i(y_i)."""
    marginals_BT = graph.op("ReduceMax", q_BTK, graph.integers(2), keepdims=0)
    log_q_BT = graph.op(
        "Where", inputs.inside_BT, graph.op("Log", marginals_BT), graph.constant(0.0, np.float32)
    )
    return Decoded(
        graph.op("ArgMax", q_BTK, axis=2, keepdims=0),
        marginals_BT,
        graph.op("ReduceSum", log_q_BT, graph.integers(1), keepdims=0),
    )
