"""A trained domain classifier -> classifier.onnx: feature ids in -> log P_DC(class) out.

Axes: B utterances, F features of one utterance (0 is padding), V feature ids of the MaxEnt, C classes; W words, E numbers
and H hidden of the bag of words, if there is one.

    inputs   features_BF int64
    outputs  log_probs_BC float32
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.builder import Graph
from train.models.maxent import MIN_SQUARE
from train.models.word_bag import MIN_LENGTH, SCALE

if TYPE_CHECKING:
    import onnx

    from model_export.graphs.builder import Store, Value
    from train.models.domain_classifier import DomainClassifier
    from train.models.word_bag import WordBag


def classifier_graph(model: DomainClassifier, *, small: bool) -> onnx.ModelProto:
    """The checked model; `small` stores weight tables as int8 with a scale for each row, and the bag's layers as float16."""
    graph = Graph("classifier")
    features_BF = graph.input("features_BF", np.int64, ("B", "F"))
    logits_BC = _maxent(graph, model, features_BF, small=small)
    if model.bag is not None:
        logits_BC = graph.op("Add", logits_BC, _bag(graph, model.bag, features_BF, small=small))
    log_probs_BC = graph.op("LogSoftmax", logits_BC, axis=1)
    graph.output("log_probs_BC", log_probs_BC, np.float32, ("B", model.n_classes))
    return graph.build()


def _maxent(graph: Graph, model: DomainClassifier, features_BF: Value, *, small: bool) -> Value:
    maxent = model.maxent
    weights_VC = graph.parameter(
        "classifier.weights", maxent.weights_VC, store="int8" if small else "float32"
    )
    squares_V = graph.parameter(
        "classifier.squares", maxent.squares_V, store="float16" if small else "float32"
    )
    ids_BF = features_BF
    if model.n_bag_only:
        shifted_BF = graph.op("Sub", features_BF, graph.constant(model.n_bag_only, np.int64))
        ids_BF = graph.op("Max", shifted_BF, graph.constant(0, np.int64))
    total_BC = _sum(graph, weights_VC, ids_BF)
    square_B1 = _sum(graph, squares_V, ids_BF, keepdims=1)
    length_B1 = graph.op("Sqrt", graph.op("Max", square_B1, graph.constant(MIN_SQUARE, np.float32)))
    bias_C = graph.parameter("classifier.bias", maxent.bias_C)
    return graph.op("Add", graph.op("Div", total_BC, length_B1), bias_C)


def _bag(graph: Graph, bag: WordBag, features_BF: Value, *, small: bool) -> Value:
    layers: Store = "float16" if small else "float32"
    table_WE = graph.parameter("bag.table", bag.table_WE, store="int8" if small else "float32")
    ids_BF = graph.op("Min", features_BF, graph.constant(bag.n_words + 1, np.int64))
    sum_BE = _sum(graph, table_WE, ids_BF)
    length_B1 = graph.op("ReduceL2", sum_BE, graph.integers(1), keepdims=1)
    length_B1 = graph.op("Max", length_B1, graph.constant(MIN_LENGTH, np.float32))
    bag_BE = graph.op("Div", sum_BE, length_B1)
    inner_EH = graph.parameter("bag.inner", bag.inner_EH * np.float32(SCALE), store=layers)
    inner_bias_H = graph.parameter("bag.inner_bias", bag.inner_bias_H)
    hidden_BH = graph.op("Relu", graph.op("Add", graph.op("MatMul", bag_BE, inner_EH), inner_bias_H))
    outer_HC = graph.parameter("bag.outer", bag.outer_HC, store=layers)
    outer_bias_C = graph.parameter("bag.outer_bias", bag.outer_bias_C)
    return graph.op("Add", graph.op("MatMul", hidden_BH, outer_HC), outer_bias_C)


def _sum(graph: Graph, table: Value, ids_BF: Value, *, keepdims: int = 0) -> Value:
    """The sum of the table's rows over the ids of each utterance."""
    rows = graph.op("Gather", table, ids_BF, axis=0)
    return graph.op("ReduceSum", rows, graph.integers(1), keepdims=keepdims)
