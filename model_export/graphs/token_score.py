"""A CRF over features of tokens -> score.onnx: ids of features in -> emissions out, and intents that are all as likely.

Axes: B utterances, T tokens, L features of a token (0 is padding), F feature ids, I intents, K tags.

    inputs   token_features_BTL int64, lengths_B int32
    outputs  intent_log_probs_BI float32, emissions_BTK float32 (no meaning in padding)

Initialisers have the parameters' names and shapes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

from model_export.graphs.builder import Graph
from model_export.graphs.parameters import parameter

if TYPE_CHECKING:
    import onnx

    from train.models.token_crf import TokenCrf


def token_score_graph(network: TokenCrf, *, small: bool) -> onnx.ModelProto:
    """The checked model; `small` stores weights as int8, with a scale for each feature."""
    graph, n_intents = Graph("score"), network.n_intents
    features_BTL = graph.input("token_features_BTL", np.int64, ("B", "T", "L"))
    lengths_B = graph.input("lengths_B", np.int32, ("B",))
    weights_FK = parameter(graph, "weights_FK", network.weights_FK, small=small, int8_axis=0)
    rows_BTLK = graph.op("Gather", weights_FK, features_BTL, axis=0)
    emissions_BTK = graph.op("ReduceSum", rows_BTLK, graph.integers(2), keepdims=0)
    shape = graph.op("Concat", graph.op("Shape", lengths_B), graph.integers(n_intents), axis=0)
    even = np.array([-math.log(n_intents) if n_intents else 0.0], dtype=np.float32)
    log_probs_BI = graph.op("ConstantOfShape", shape, value=numpy_helper.from_array(even))
    graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
    graph.output("emissions_BTK", emissions_BTK, np.float32, ("B", "T", network.weights_FK.shape[1]))
    return graph.build()
