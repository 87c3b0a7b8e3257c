"""A trained joint network -> score.onnx: vectors of words and their places in -> intent log-probabilities and emissions out.

Axes: B utterances, T tokens, U distinct words, E word vector, H encoder output, I intents, K tags.

    inputs   vectors_UE float32 (of `model_export.embed_graph`; row 0 is padding), words_BT int64, lengths_B int32
    outputs  intent_log_probs_BI float32, emissions_BTK float32

Initialisers bear the parameters' names and shapes, but for an LSTM's (see `model_export.encoder_graphs`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.encoder_graphs import ENCODE
from model_export.graph import Graph, Value
from model_export.layers import Layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from train.models.joint import IntentMLP, JointNetwork, SlotMLP


def score_graph(network: JointNetwork, *, small: bool, input_scales: Mapping[str, float]) -> onnx.ModelProto:
    """The checked model; `small` stores its parameters in fewer bytes, layers with an input scale compute in integers."""
    graph = Graph("score")
    vectors_UE = graph.input("vectors_UE", np.float32, ("U", network.embedder.output_size))
    words_BT = graph.input("words_BT", np.int64, ("B", "T"))
    lengths_B = graph.input("lengths_B", np.int32, ("B",))
    inside_BT = graph.op("Greater", words_BT, graph.constant(0, np.int64))
    inside_BT1 = graph.op("Unsqueeze", graph.cast(inside_BT, np.float32), graph.integers(2))
    embedded_BTE = graph.op("Gather", vectors_UE, words_BT, axis=0)
    intents, emissions = [], []
    for name, tower in network.towers().items():
        layers = Layers(graph, small=small, input_scales=input_scales, within=name)
        encode = ENCODE[type(tower.encoder)]
        encoded_BTH = encode(layers, tower.encoder, embedded_BTE, lengths_B, inside_BT1)
        intents.append(_intents(layers, tower.intent, encoded_BTH, lengths_B, inside_BT1))
        emissions.append(_slots(layers, tower.slots, encoded_BTH))
    log_probs_BI, emissions_BTK = intents[0], emissions[0]
    if len(intents) > 1:
        log_probs_BI = graph.op("LogSoftmax", graph.op("Mean", *intents), axis=1)
        emissions_BTK = graph.op("Mean", *emissions)
    n_intents = 0 if network.intent is None else network.intent.output.out_features
    n_tags = network.slots.output.out_features
    graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
    graph.output("emissions_BTK", emissions_BTK, np.float32, ("B", "T", n_tags))
    return graph.build()


def _intents(
    layers: Layers, mlp: IntentMLP | None, encoded_BTH: Value, lengths_B: Value, inside_BT1: Value
) -> Value:
    graph = layers.graph
    if mlp is None:
        shape = graph.op("Concat", graph.op("Shape", lengths_B), graph.integers(0), axis=0)
        return graph.op("ConstantOfShape", shape)
    along = graph.integers(1)
    largest_BH = graph.op("ReduceMax", layers.lowered(encoded_BTH, inside_BT1), along, keepdims=0)
    total_BH = graph.op("ReduceSum", encoded_BTH, along, keepdims=0)  # encoders give zeros beyond a length
    length_B1 = graph.op("Unsqueeze", graph.cast(lengths_B, np.float32), along)
    pooled_BH = graph.op("Concat", largest_BH, graph.op("Div", total_BH, length_B1), axis=1)
    hidden_BH = layers.gelu(layers.linear("intent.hidden", mlp.hidden, pooled_BH))
    return graph.op("LogSoftmax", layers.linear("intent.output", mlp.output, hidden_BH), axis=1)


def _slots(layers: Layers, mlp: SlotMLP, encoded_BTH: Value) -> Value:
    hidden_BTH = layers.gelu(layers.linear("slots.hidden", mlp.hidden, encoded_BTH))
    return layers.linear("slots.output", mlp.output, hidden_BTH)
