"""The CRF's decoder as graph nodes: the best path of a chain, its marginals and its probability.

Axes: B utterances, R utterances that need a search, T tokens, K tags (I and J where a transition goes from I to J).

    sums over all paths -> each token's most probable tag -> P(that path) > 1/2: it is the best path
                                                                          else: Viterbi, for these utterances only

A path with more than half of the probability is more probable than any other. Most utterances have one, and the sums are
faster than a search: a step of the sums is a matrix product, a step of Viterbi an addition and a maximum over K * K scores.
Scores are float32, relative to the largest emission of each token, so that they stay small.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.forward_backward import Chain, reverse, sum_paths
from polyparse.inference.networks import Decoded
from train.models.heads.base import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_export.graphs.builder import Graph, Value
    from model_export.graphs.decoder import DecoderInputs
    from train.models.heads.crf import Crf

MAJORITY_LOG_PROB = log(0.501)
"""A path with a higher log-probability is the best one; above 1/2 by more than the rounding errors of float32."""


def viterbi(
    graph: Graph, inputs: DecoderInputs, head: Crf, parameters: Mapping[str, Value]
) -> Decoded[Value]:
    """`Crf.decode`: the path, the marginals of its tags and its log-probability."""
    chain = _chain(graph, head, parameters)
    emissions_TBK = graph.op("Transpose", inputs.emissions_BTK, perm=[1, 0, 2])
    emissions_TBK = graph.op("Sub", emissions_TBK, graph.op("ReduceMax", emissions_TBK, graph.integers(2)))
    sums = sum_paths(graph, inputs, chain, emissions_TBK)
    likeliest_TB = graph.op("ArgMax", sums.joint_TBK, axis=2, keepdims=0)
    score_B = _score(graph, inputs, chain, emissions_TBK, likeliest_TB)
    log_prob_B = graph.op("Sub", score_B, sums.log_partition_B)
    likeliest_BT = graph.op("Transpose", likeliest_TB, perm=[1, 0])
    undecided_B = graph.op("Less", log_prob_B, graph.constant(MAJORITY_LOG_PROB, np.float32))
    any_undecided = graph.op("ReduceMax", graph.cast(undecided_B, np.int32), keepdims=0)

    search, _ = graph.body("search", [])
    indices_R1 = search.op("Transpose", search.op("NonZero", undecided_B), perm=[1, 0])
    indices_R = search.op("Squeeze", indices_R1, graph.integers(1))
    lengths_R = search.op("Gather", inputs.lengths_B, indices_R, axis=0)
    emissions_TRK = search.op("Gather", emissions_TBK, indices_R, axis=1)
    best_R, path_RT = _search(search, chain, emissions_TRK, lengths_R)
    best_R = search.op("Sub", best_R, search.op("Gather", sums.log_partition_B, indices_R, axis=0))
    searched = [
        search.op("ScatterND", likeliest_BT, indices_R1, path_RT),
        search.op("ScatterND", log_prob_B, indices_R1, best_R),
    ]
    keep, _ = graph.body("keep", [])
    path_BT, log_prob_B = graph.choose(
        graph.cast(any_undecided, np.bool_), (search, searched), (keep, [likeliest_BT, log_prob_B])
    )
    path_TB1 = graph.op("Unsqueeze", graph.op("Transpose", path_BT, perm=[1, 0]), graph.integers(2))
    chosen_TB1 = graph.op("GatherElements", sums.joint_TBK, path_TB1, axis=2)
    marginals_TB = graph.op("Squeeze", graph.op("Div", chosen_TB1, sums.totals_TB1), graph.integers(2))
    marginals_BT = graph.cast(graph.op("Transpose", marginals_TB, perm=[1, 0]), np.float32)
    return Decoded(path_BT, marginals_BT, log_prob_B)


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


def _score(graph: Graph, inputs: DecoderInputs, chain: Chain, emissions_TBK: Value, path_TB: Value) -> Value:
    """score_B of one path of each utterance; a tag with id K before and after the utterance stands for its start and end."""
    first, n_tags = graph.integers(0), graph.op("Shape", chain.start_K)
    inside_TB = graph.op("Transpose", inputs.inside_BT, perm=[1, 0])
    emission_TB1 = graph.op(
        "GatherElements", emissions_TBK, graph.op("Unsqueeze", path_TB, graph.integers(2)), axis=2
    )
    emission_TB = graph.op("Squeeze", emission_TB1, graph.integers(2))
    emission_TB = graph.op("Where", inside_TB, emission_TB, graph.constant(0.0, np.float32))

    padded_path_TB = graph.op("Where", inside_TB, path_TB, n_tags)
    boundary_1B = graph.op(
        "Expand", n_tags, graph.op("Concat", graph.integers(1), graph.op("Shape", inputs.lengths_B), axis=0)
    )
    from_TB = graph.op("Concat", boundary_1B, padded_path_TB, axis=0)
    into_TB = graph.op("Concat", padded_path_TB, boundary_1B, axis=0)
    width = graph.op("Add", n_tags, graph.integers(1))
    indices_TB = graph.op("Add", graph.op("Mul", from_TB, width), into_TB)
    start_1J = graph.op("Concat", chain.start_K, graph.constant([0.0], np.float32), axis=0)
    start_1J = graph.op("Unsqueeze", start_1J, first)
    end_I1 = graph.op("Unsqueeze", chain.end_K, graph.integers(1))
    within_IJ = graph.op("Concat", chain.transitions_IJ, end_I1, axis=1)
    transitions = graph.op("Reshape", graph.op("Concat", within_IJ, start_1J, axis=0), graph.integers(-1))
    transition_TB = graph.op("Gather", transitions, indices_TB, axis=0)
    return graph.op(
        "Add",
        graph.op("ReduceSum", emission_TB, first, keepdims=0),
        graph.op("ReduceSum", transition_TB, first, keepdims=0),
    )


def _search(graph: Graph, chain: Chain, emissions_TRK: Value, lengths_R: Value) -> tuple[Value, Value]:
    """best_R, the score of the best path, and path_RT.

    `reached_TRK[t, r, j]`: score of the best partial path that ends with tag j at t, its emission included. The state of the
    scan is the same without that emission.
    """
    first, second = graph.integers(0), graph.integers(1)
    into_JI = graph.op("Transpose", chain.transitions_IJ, perm=[1, 0])
    shape_R1 = graph.op("Concat", graph.op("Shape", lengths_R), second, axis=0)
    best_RK = graph.op("Expand", graph.op("Unsqueeze", chain.start_K, first), shape_R1)
    body, (best, emission) = graph.body("forward", ["best", "emission"])
    reached_RK = body.op("Add", best, emission)
    steps_RJI = body.op("Add", body.op("Unsqueeze", reached_RK, second), into_JI)
    next_best_RK = body.op("ReduceMax", steps_RJI, graph.integers(2), keepdims=0)
    _, reached_TRK = graph.scan(body, [next_best_RK, reached_RK], states=[best_RK], sequences=[emissions_TRK])
    return _trace(graph, chain, reverse(graph, reached_TRK, lengths_R), lengths_R)


def _trace(graph: Graph, chain: Chain, mirrored_TRK: Value, lengths_R: Value) -> tuple[Value, Value]:
    """best_R and path_RT, traced from the last token backwards without stored back-pointers.

    `mirrored_TRK` is `reached_TRK` reversed: its first element belongs to each utterance's last token. The tag
    before y_t is argmax_i (reached_{t-1}[i] + U[i, y_t]); the end of the utterance counts as tag K.
    """
    end_1K = graph.op("Unsqueeze", chain.end_K, graph.integers(0))
    into_JI = graph.op("Concat", graph.op("Transpose", chain.transitions_IJ, perm=[1, 0]), end_1K, axis=0)
    last_RK = graph.op("Gather", mirrored_TRK, graph.constant(0, np.int64), axis=0)
    best_R = graph.op("ReduceMax", graph.op("Add", last_RK, end_1K), graph.integers(1), keepdims=0)
    end_R = graph.op("Expand", graph.op("Shape", chain.end_K), graph.op("Shape", lengths_R))

    body, (tag_R, reached_RK) = graph.body("trace", ["tag", "reached"])
    scores_RK = body.op("Add", reached_RK, body.op("Gather", into_JI, tag_R))
    before_R = body.op("ArgMax", scores_RK, axis=1, keepdims=0)
    _, mirrored_path_TR = graph.scan(body, [before_R, before_R], states=[end_R], sequences=[mirrored_TRK])
    path_TR = reverse(graph, mirrored_path_TR, lengths_R)
    return best_R, graph.op("Transpose", path_TR, perm=[1, 0])
