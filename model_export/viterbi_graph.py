"""The CRF's decoder as graph nodes: the best path of a chain, and the sums over all its paths.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), D the two directions.

Two scans: forward, the best scores together with the sums of both directions; backward, the path. Padding is never
read, because every recursion starts at an end of each utterance and meets its padding last. Sums are float64, for the
reason that `train.models.heads.forward_backward` gives; scores are float32, relative to the largest emission of each
token, so that they stay small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from model_export.decoder import Answers, Inputs
from train.models.heads.base import FORBIDDEN
from train.models.heads.forward_backward import TINY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_export.graph import Graph, Value
    from train.models.heads.crf import Crf

LEAST = -700.0
"""exp of it is the least that float64 holds at full precision."""


class Chain(NamedTuple):
    """Scores with `FORBIDDEN` for what is illegal; a runtime computes them once, when it loads the graph."""

    start_K: Value
    transitions_IJ: Value
    end_K: Value


class Sweep(NamedTuple):
    """What the forward scan yields.

    `reached_TBK[t, b, j]`: score of the best path beginning that ends with tag j at t, its emission included.
    `messages_TDBK`, `scales_TDB1`: as `train.models.heads.forward_backward` has them, the second direction over
    reversed utterances.
    """

    reached_TBK: Value
    messages_TDBK: Value
    scales_TDB1: Value


def viterbi(graph: Graph, inputs: Inputs, head: Crf, parameters: Mapping[str, Value]) -> Answers:
    """`Crf.decode`: both scans, then the marginals of the path's tags and its log-probability."""
    chain = _chain(graph, head, parameters)
    emissions_TBK = graph.op("Transpose", inputs.emissions_BTK, perm=[1, 0, 2])
    emissions_TBK = graph.op("Sub", emissions_TBK, graph.op("ReduceMax", emissions_TBK, graph.integers(2)))
    weights_TBK = _weights(graph, inputs, emissions_TBK)
    sweep = _sweep(graph, inputs, chain, emissions_TBK, weights_TBK)
    best_B, path_TB = _trace(graph, inputs, chain, _reverse(graph, sweep.reached_TBK, inputs))
    before_TBK, mirrored_TBK = (
        graph.op("Gather", sweep.messages_TDBK, graph.constant(direction, np.int64), axis=1)
        for direction in (0, 1)
    )
    after_TBK = _reverse(graph, mirrored_TBK, inputs)
    joint_TBK = graph.op("Mul", graph.op("Mul", before_TBK, weights_TBK), after_TBK)
    totals_TB1 = graph.op("ReduceSum", joint_TBK, graph.integers(2))
    totals_TB1 = graph.op("Max", totals_TB1, graph.constant(TINY, np.float64))
    chosen_TB1 = graph.op(
        "GatherElements", joint_TBK, graph.op("Unsqueeze", path_TB, graph.integers(2)), axis=2
    )
    marginals_TB = graph.op("Squeeze", graph.op("Div", chosen_TB1, totals_TB1), graph.integers(2))
    log_partition_B = _log_partition(graph, inputs, totals_TB1, sweep.scales_TDB1)
    return Answers(
        graph.op("Transpose", path_TB, perm=[1, 0]),
        graph.cast(graph.op("Transpose", marginals_TB, perm=[1, 0]), np.float32),
        graph.op("Sub", best_B, graph.cast(log_partition_B, np.float32)),
    )


def _chain(graph: Graph, head: Crf, parameters: Mapping[str, Value]) -> Chain:
    forbidden = graph.constant(FORBIDDEN, np.float32)
    illegal = {
        "start_K": head.illegal_start_K,
        "transitions_KK": head.illegal_KK,
        "end_K": head.illegal_end_K,
    }
    return Chain(
        *(
            graph.op("Where", graph.constant(mask.numpy(), np.bool_), forbidden, parameters[name])
            for name, mask in illegal.items()
        )
    )


def _weights(graph: Graph, inputs: Inputs, emissions_TBK: Value) -> Value:
    """weights_TBK = exp(emissions), 0 for what is not allowed: not left to exp, which is slow where it underflows."""
    bounded_TBK = graph.op("Max", emissions_TBK, graph.constant(LEAST, np.float32))
    weights_TBK = graph.op("Exp", graph.cast(bounded_TBK, np.float64))
    return graph.op("Where", inputs.allowed_BK, weights_TBK, graph.constant(0.0, np.float64))


def _sweep(graph: Graph, inputs: Inputs, chain: Chain, emissions_TBK: Value, weights_TBK: Value) -> Sweep:
    """The forward scan; a state is what reaches a token before its own emission counts."""
    first, second = graph.integers(0), graph.integers(1)
    into_JI = graph.op("Transpose", chain.transitions_IJ, perm=[1, 0])
    steps_DIJ = _stack(graph, chain.transitions_IJ, into_JI, axis=0)
    steps_DIJ = graph.op("Exp", graph.cast(steps_DIJ, np.float64))
    ends_DK = graph.op("Exp", graph.cast(_stack(graph, chain.start_K, chain.end_K, axis=0), np.float64))
    weights_TDBK = _stack(graph, weights_TBK, _reverse(graph, weights_TBK, inputs), axis=1)
    n_rows = graph.op("Concat", graph.op("Shape", inputs.lengths_B), second, axis=0)
    best_BK = graph.op("Expand", graph.op("Unsqueeze", chain.start_K, first), n_rows)
    message_DBK = graph.op("Expand", graph.op("Unsqueeze", ends_DK, second), n_rows)

    body, (best, message, emission, weight) = graph.body("sweep", ["best", "message", "emission", "weight"])
    reached_BK = body.op("Add", best, emission)
    steps_BJI = body.op("Add", body.op("Unsqueeze", reached_BK, second), into_JI)
    next_best_BK = body.op("ReduceMax", steps_BJI, graph.integers(2), keepdims=0)
    mass_DBK = body.op("Mul", message, weight)
    scale_DB1 = body.op("ReduceSum", mass_DBK, graph.integers(2))
    scale_DB1 = body.op("Max", scale_DB1, graph.constant(TINY, np.float64))
    next_message_DBK = body.op("MatMul", body.op("Div", mass_DBK, scale_DB1), steps_DIJ)
    _, _, *results = graph.scan(
        body,
        [next_best_BK, next_message_DBK, reached_BK, message, scale_DB1],
        states=[best_BK, message_DBK],
        sequences=[emissions_TBK, weights_TDBK],
    )
    return Sweep(*results)


def _trace(graph: Graph, inputs: Inputs, chain: Chain, mirrored_TBK: Value) -> tuple[Value, Value]:
    """The best score best_B and path_TB, read from the last token backwards without stored pointers.

    `mirrored_TBK` is `reached_TBK` reversed: its first element belongs to each utterance's last token. The tag
    before y_t is argmax_i (reached_{t-1}[i] + U[i, y_t]); the end of the utterance counts as tag number K.
    """
    first = graph.integers(0)
    end_1K = graph.op("Unsqueeze", chain.end_K, first)
    into_JI = graph.op("Concat", graph.op("Transpose", chain.transitions_IJ, perm=[1, 0]), end_1K, axis=0)
    last_BK = graph.op("Gather", mirrored_TBK, graph.constant(0, np.int64), axis=0)
    best_B = graph.op("ReduceMax", graph.op("Add", last_BK, end_1K), graph.integers(1), keepdims=0)
    n_tags = graph.op("Gather", graph.op("Shape", into_JI, end=1), graph.integers(0))
    end_B = graph.op(
        "Expand", graph.op("Sub", n_tags, graph.integers(1)), graph.op("Shape", inputs.lengths_B)
    )

    body, (tag_B, reached_BK) = graph.body("trace", ["tag", "reached"])
    scores_BK = body.op("Add", reached_BK, body.op("Gather", into_JI, tag_B))
    before_B = body.op("ArgMax", scores_BK, axis=1, keepdims=0)
    _, mirrored_path_TB = graph.scan(body, [before_B, before_B], states=[end_B], sequences=[mirrored_TBK])
    return best_B, _reverse(graph, mirrored_path_TB, inputs)


def _log_partition(graph: Graph, inputs: Inputs, totals_TB1: Value, scales_TDB1: Value) -> Value:
    """log_partition_B: the mass at token 0, times what the backward sums divided out on their way there."""
    backward = graph.constant(1, np.int64)
    scales_TB = graph.op("Squeeze", graph.op("Gather", scales_TDB1, backward, axis=1), graph.integers(2))
    positions_T1 = graph.op("Unsqueeze", inputs.positions_T, graph.integers(1))
    divided_TB = graph.op("Less", positions_T1, graph.op("Sub", inputs.lengths_B, graph.integers(1)))
    logs_TB = graph.op("Where", divided_TB, graph.op("Log", scales_TB), graph.constant(0.0, np.float64))
    divided_B = graph.op("ReduceSum", logs_TB, graph.integers(0), keepdims=0)
    total_B1 = graph.op("Gather", totals_TB1, graph.constant(0, np.int64), axis=0)
    return graph.op("Add", graph.op("Log", graph.op("Squeeze", total_B1, graph.integers(1))), divided_B)


def _reverse(graph: Graph, values_TB: Value, inputs: Inputs) -> Value:
    """Each utterance reversed within its length; further axes may follow."""
    return graph.op("ReverseSequence", values_TB, inputs.lengths_B, time_axis=0, batch_axis=1)


def _stack(graph: Graph, one: Value, other: Value, *, axis: int) -> Value:
    axes = graph.integers(axis)
    return graph.op("Concat", graph.op("Unsqueeze", one, axes), graph.op("Unsqueeze", other, axes), axis=axis)
