"""A trained joint network -> score.onnx: word vectors and positions in -> log-probabilities of intents and emissions out.

Axes: B utterances, T tokens, U distinct words, E word vector, H encoder output, I intents, K tags.

    inputs   vectors_UE float32 (of `model_export.graphs.embed`; index 0 is padding), words_BT int64 (indices of vectors),
             lengths_B int32
    outputs  intent_log_probs_BI float32, emissions_BTK float32 (no meaning in padding)

Initialisers have the parameters' names and shapes, but for an LSTM's (see `model_export.graphs.encoders`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.builder import Graph, Value
from model_export.graphs.embed import vector_size
from model_export.graphs.encoders import export_of
from model_export.graphs.layers import Layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from model_export.graphs.layout import TokenLayout
    from train.models.joint import IntentMLP, JointNetwork, SlotMLP


def score_graph(network: JointNetwork, *, small: bool, input_scales: Mapping[str, float]) -> onnx.ModelProto:
    """The checked model; `small` stores its parameters in fewer bytes; layers with an input scale compute in integers."""
    graph = Graph("score")
    vectors_UE = graph.input("vectors_UE", np.float32, ("U", vector_size(network)))
    words_BT = graph.input("words_BT", np.int64, ("B", "T"))
    lengths_B = graph.input("lengths_B", np.int32, ("B",))
    export = export_of(network.encoder)
    layout = export.layout(graph, words_BT, lengths_B)
    layers = Layers(graph, small=small, input_scales=input_scales)
    encoded = export.nodes(layers.inside("encoder."), network.encoder, layout.look_up(vectors_UE), layout)
    n_intents = 0 if network.intent is None else network.intent.output.out_features
    n_tags = network.slots.output.out_features
    log_probs_BI = _intents(layers, network.intent, encoded, layout)
    emissions_BTK = layout.to_padded(_slots(layers, network.slots, encoded))
    graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
    graph.output("emissions_BTK", emissions_BTK, np.float32, ("B", "T", n_tags))
    return graph.build()


def _intents(layers: Layers, mlp: IntentMLP | None, encoded: Value, layout: TokenLayout) -> Value:
    graph = layers.graph
    if mlp is None:
        shape = graph.op("Concat", graph.op("Shape", layout.lengths_B), graph.integers(0), axis=0)
        return graph.op("ConstantOfShape", shape)
    pooled_BH = graph.op("Concat", layout.largest(encoded), layout.mean(encoded), axis=1)
    if mlp.hidden is not None:
        pooled_BH = layers.gelu(layers.linear("intent.hidden", mlp.hidden, pooled_BH))
    return graph.op("LogSoftmax", layers.linear("intent.output", mlp.output, pooled_BH), axis=1)


def _slots(layers: Layers, mlp: SlotMLP, encoded: Value) -> Value:
    if mlp.hidden is not None:
        encoded = layers.gelu(layers.linear("slots.hidden", mlp.hidden, encoded))
    return layers.linear("slots.output", mlp.output, encoded)
