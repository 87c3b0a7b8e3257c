"""PathSums over all paths of a chain as graph nodes: `train.models.heads.forward_backward` in ONNX.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), D the two directions.

One scan runs both directions, the second one over reversed utterances. Padding has no effect, because each direction starts
at an end of its utterance and reaches the padding last. PathSums are float64, for the reason that the PyTorch module gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from train.models.heads.forward_backward import TINY

if TYPE_CHECKING:
    from model_export.graphs.builder import Graph, Value
    from model_export.graphs.decoder import DecoderInputs

MIN_EXPONENT = -700.0
"""About the lowest number whose exp float64 holds at full precision."""


class Chain(NamedTuple):
    """Scores with `FORBIDDEN` for what is illegal; a runtime computes them once, when it loads the graph."""

    start_K: Value
    transitions_IJ: Value
    end_K: Value


class PathSums(NamedTuple):
    """The marginals are `joint_TBK` / `totals_TB1`, its sum over tags; values in padding have no meaning."""

    joint_TBK: Value
    totals_TB1: Value
    log_partition_B: Value


def sum_paths(graph: Graph, inputs: DecoderInputs, chain: Chain, emissions_TBK: Value) -> PathSums:
    """Sum over all paths; each token's largest emission must be 0."""
    weights_TBK = _weights(graph, inputs, emissions_TBK)
    messages_TDBK, scales_TDB1 = _sweep(graph, inputs, chain, weights_TBK)
    before_TBK, mirrored_TBK = (
        graph.op("Gather", messages_TDBK, graph.constant(direction, np.int64), axis=1) for direction in (0, 1)
    )
    after_TBK = reverse(graph, mirrored_TBK, inputs.lengths_B)
    joint_TBK = graph.op("Mul", graph.op("Mul", before_TBK, weights_TBK), after_TBK)
    totals_TB1 = graph.op("ReduceSum", joint_TBK, graph.integers(2))
    totals_TB1 = graph.op("Max", totals_TB1, graph.constant(TINY, np.float64))
    log_partition_B = _log_partition(graph, inputs, totals_TB1, scales_TDB1)
    return PathSums(joint_TBK, totals_TB1, graph.cast(log_partition_B, np.float32))


def reverse(graph: Graph, values_TB: Value, lengths_B: Value) -> Value:
    """Each utterance reversed within its length; further axes may follow."""
    return graph.op("ReverseSequence", values_TB, lengths_B, time_axis=0, batch_axis=1)


def _weights(graph: Graph, inputs: DecoderInputs, emissions_TBK: Value) -> Value:
    """weights_TBK = exp(emissions), 0 for tags that are not allowed: exp of `FORBIDDEN` would underflow, which is slow."""
    bounded_TBK = graph.op("Max", emissions_TBK, graph.constant(MIN_EXPONENT, np.float32))
    weights_TBK = graph.op("Exp", graph.cast(bounded_TBK, np.float64))
    return graph.op("Where", inputs.allowed_BK, weights_TBK, graph.constant(0.0, np.float64))


def _sweep(graph: Graph, inputs: DecoderInputs, chain: Chain, weights_TBK: Value) -> list[Value]:
    """messages_TDBK and scales_TDB1; the message to a token does not include its own emission."""
    into_JI = graph.op("Transpose", chain.transitions_IJ, perm=[1, 0])
    transitions_DIJ = _stack(graph, chain.transitions_IJ, into_JI, axis=0)
    transitions_DIJ = graph.op("Exp", graph.cast(transitions_DIJ, np.float64))
    ends_DK = graph.op("Exp", graph.cast(_stack(graph, chain.start_K, chain.end_K, axis=0), np.float64))
    weights_TDBK = _stack(graph, weights_TBK, reverse(graph, weights_TBK, inputs.lengths_B), axis=1)
    shape_B1 = graph.op("Concat", graph.op("Shape", inputs.lengths_B), graph.integers(1), axis=0)
    message_DBK = graph.op("Expand", graph.op("Unsqueeze", ends_DK, graph.integers(1)), shape_B1)

    body, (message, weight) = graph.body("sweep", ["message", "weight"])
    mass_DBK = body.op("Mul", message, weight)
    scale_DB1 = body.op("ReduceSum", mass_DBK, graph.integers(2))
    scale_DB1 = body.op("Max", scale_DB1, graph.constant(TINY, np.float64))
    next_message_DBK = body.op("MatMul", body.op("Div", mass_DBK, scale_DB1), transitions_DIJ)
    _, *results = graph.scan(
        body, [next_message_DBK, message, scale_DB1], states=[message_DBK], sequences=[weights_TDBK]
    )
    return results


def _log_partition(graph: Graph, inputs: DecoderInputs, totals_TB1: Value, scales_TDB1: Value) -> Value:
    """log_partition_B: the total at token 0, times the scales that the backward pass divided by on its way there."""
    backward = graph.constant(1, np.int64)
    scales_TB = graph.op("Squeeze", graph.op("Gather", scales_TDB1, backward, axis=1), graph.integers(2))
    positions_T1 = graph.op("Unsqueeze", inputs.positions_T, graph.integers(1))
    scaled_TB = graph.op("Less", positions_T1, graph.op("Sub", inputs.lengths_B, graph.integers(1)))
    logs_TB = graph.op("Where", scaled_TB, graph.op("Log", scales_TB), graph.constant(0.0, np.float64))
    log_scale_B = graph.op("ReduceSum", logs_TB, graph.integers(0), keepdims=0)
    total_B1 = graph.op("Gather", totals_TB1, graph.constant(0, np.int64), axis=0)
    return graph.op("Add", graph.op("Log", graph.op("Squeeze", total_B1, graph.integers(1))), log_scale_B)


def _stack(graph: Graph, one: Value, other: Value, *, axis: int) -> Value:
    axes = graph.integers(axis)
    return graph.op("Concat", graph.op("Unsqueeze", one, axes), graph.op("Unsqueeze", other, axes), axis=axis)
