"""A trained MaxEnt -> classifier.onnx: rows of the feature table in -> log P_DC(class) out.

Axes: B utterances, F features of one utterance (0 is padding), V rows of the feature table, C classes.

    inputs   features_BF int64
    outputs  log_probs_BC float32
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graph import Graph, Store
from train.models.maxent import SMALLEST_SQUARE

if TYPE_CHECKING:
    import onnx

    from train.models.maxent import MaxEnt


def classifier_graph(model: MaxEnt, *, small: bool) -> onnx.ModelProto:
    """The checked model; `small` stores the weights as int8, a scale a feature."""
    graph = Graph("classifier")
    features_BF = graph.input("features_BF", np.int64, ("B", "F"))
    store: Store = "int8" if small else "float32"
    weights_VC = graph.parameter("classifier.weights", model.weights_VC, store=store)
    squares_V = graph.parameter(
        "classifier.squares", model.squares_V, store="float16" if small else "float32"
    )
    axis = graph.constant([1], np.int64)
    total_BC = graph.op("ReduceSum", graph.op("Gather", weights_VC, features_BF, axis=0), axis, keepdims=0)
    square_B1 = graph.op("ReduceSum", graph.op("Gather", squares_V, features_BF, axis=0), axis, keepdims=1)
    length_B1 = graph.op("Sqrt", graph.op("Max", square_B1, graph.constant(SMALLEST_SQUARE, np.float32)))
    bias_C = graph.parameter("classifier.bias", model.bias_C)
    logits_BC = graph.op("Add", graph.op("Div", total_BC, length_B1), bias_C)
    graph.output(
        "log_probs_BC", graph.op("LogSoftmax", logits_BC, axis=1), np.float32, ("B", len(model.bias_C))
    )
    return graph.build()
