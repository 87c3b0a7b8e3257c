"""Decoding as ONNX graphs: emissions, allowed tags and lengths in; path, its marginals and log-probability out.

Axes: B utterances, T tokens, K tags (I and J where a transition goes from I to J), D the two directions,
N neighbours of a token.

Each graph does what its head's `decode` does, in the same order wherever that decides between equal scores.
Padding is never read: recursions start at an end of each utterance and meet its padding last; mean field blanks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from model_export.graph import Graph, Value
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.base import FORBIDDEN
from train.models.heads.crf import Crf
from train.models.heads.forward_backward import TINY
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx

LEAST = -700.0
"""exp of it is the least that float64 holds at full precision."""


class Inputs(NamedTuple):
    """What every decoder starts from; tags that a row does not allow stand at `FORBIDDEN`."""

    emissions_BTK: Value
    allowed_BK: Value
    lengths_B: Value
    inside_BT: Value
    positions_T: Value


class Answers(NamedTuple):
    """A path, the marginals of its tags and its log-probability; whatever stands in the padding."""

    path_BT: Value
    path_marginals_BT: Value
    log_prob_B: Value


def decode_graph(head: Softmax | Crf | AinFirst, *, prefix: str = "head.") -> onnx.ModelProto:
    """The graph of a head; its parameters are initialisers under their own names after `prefix`."""
    graph = Graph("decode")
    inputs = _inputs(graph, len(head.tags))
    parameters = {
        name: graph.parameter(prefix + name, parameter.detach().float().numpy())
        for name, parameter in head.named_parameters()
    }
    answers = DECODERS[type(head)](graph, inputs, head, parameters)
    path_BT = graph.op("Where", inputs.inside_BT, answers.path_BT, graph.constant(0, np.int64))
    one = graph.constant(1.0, np.float32)
    marginals_BT = graph.op("Where", inputs.inside_BT, answers.path_marginals_BT, one)
    graph.output("path_BT", path_BT, np.int64, ("B", "T"))
    graph.output("path_marginals_BT", marginals_BT, np.float32, ("B", "T"))
    graph.output("log_prob_B", answers.log_prob_B, np.float32, ("B",))
    return graph.build()


def _inputs(graph: Graph, n_tags: int) -> Inputs:
    emissions_BTK = graph.input("emissions_BTK", np.float32, ("B", "T", n_tags))
    allowed_BK = graph.input("allowed_BK", np.bool_, ("B", n_tags))
    lengths_B = graph.cast(graph.input("lengths_B", np.int32, ("B",)), np.int64)
    n_tokens = graph.op("Squeeze", graph.op("Shape", emissions_BTK, start=1, end=2))
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    positions_T = graph.op("Range", zero, n_tokens, one)
    allowed_B1K = graph.op("Unsqueeze", allowed_BK, graph.integers(1))
    return Inputs(
        graph.op("Where", allowed_B1K, emissions_BTK, graph.constant(FORBIDDEN, np.float32)),
        allowed_BK,
        lengths_B,
        graph.op("Less", positions_T, graph.op("Unsqueeze", lengths_B, graph.integers(1))),
        positions_T,
    )


# ---- each token by itself, after no iteration or after some of mean field


def _softmax(graph: Graph, inputs: Inputs, _head: Softmax, _parameters: Mapping[str, Value]) -> Answers:
    return _factorised(graph, inputs, graph.op("Softmax", inputs.emissions_BTK, axis=2))


def _mean_field(graph: Graph, inputs: Inputs, head: AinFirst, parameters: Mapping[str, Value]) -> Answers:
    """`train.models.heads.mean_field`: the messages of all neighbours are one matrix product an iteration."""
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
    q_BTK = graph.op("Softmax", inputs.emissions_BTK, axis=2)
    for _ in range(head.iterations):
        q_BTK = graph.op("Pad", graph.op("Where", inside_BT1, q_BTK, zero), padding)
        q_BTNK = graph.op("Gather", q_BTK, neighbours_TN, axis=1)
        messages_BTK = graph.op("MatMul", graph.op("Reshape", q_BTNK, flat), messages_IJ)
        q_BTK = graph.op("Softmax", graph.op("Add", potentials_BTK, messages_BTK), axis=2)
    return _factorised(graph, inputs, q_BTK)


def _boundary(graph: Graph, inputs: Inputs, parameters: Mapping[str, Value], positions_T1: Value) -> Value:
    """boundary_BTK: start_K at position 0 and end_K at the last one; two columns of flags times two rows."""
    last_B11 = graph.op(
        "Unsqueeze", graph.op("Sub", inputs.lengths_B, graph.integers(1)), graph.integers(1, 2)
    )
    flags_BT2 = graph.op("Equal", positions_T1, graph.op("Mul", last_B11, graph.integers(0, 1)))
    rows = [graph.op("Unsqueeze", parameters[name], graph.integers(0)) for name in ("start_K", "end_K")]
    return graph.op("MatMul", graph.cast(flags_BT2, np.float32), graph.op("Concat", *rows, axis=0))


def _factorised(graph: Graph, inputs: Inputs, q_BTK: Value) -> Answers:
    marginals_BT = graph.op("ReduceMax", q_BTK, graph.integers(2), keepdims=0)
    log_q_BT = graph.op(
        "Where", inputs.inside_BT, graph.op("Log", marginals_BT), graph.constant(0.0, np.float32)
    )
    return Answers(
        graph.op("ArgMax", q_BTK, axis=2, keepdims=0),
        marginals_BT,
        graph.op("ReduceSum", log_q_BT, graph.integers(1), keepdims=0),
    )


# ---- the best path of a chain, and the sums over all paths


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


def _viterbi(graph: Graph, inputs: Inputs, head: Crf, parameters: Mapping[str, Value]) -> Answers:
    """Two scans: forward, the best scores together with the sums of both directions; backward, the path.

    Sums are float64, for the reason that `forward_backward` gives; scores are float32, relative to the largest
    emission of each token, so that they stay small.
    """
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


DECODERS: Mapping[type, Callable[[Graph, Inputs, Any, Mapping[str, Value]], Answers]] = {
    Softmax: _softmax,
    Crf: _viterbi,
    AinFirst: _mean_field,
    AinFactorised: _mean_field,
}
