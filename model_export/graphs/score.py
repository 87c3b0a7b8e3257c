"""A trained joint network -> score.onnx: vectors of words and their places in -> intent log-probabilities and emissions out.

Axes: B utterances, T tokens, U distinct words, E word vector, H encoder output, I intents, K tags.

    inputs   vectors_UE float32 (of `model_export.graphs.embed`; row 0 is padding), words_BT int64, lengths_B int32
    outputs  intent_log_probs_BI float32, emissions_BTK float32 (anything in padding)

Initialisers bear the parameters' names and shapes, but for an LSTM's (see `model_export.graphs.encoders`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model_export.graphs.builder import Graph, Value
from model_export.graphs.embed import folded_projection, vector_size
from model_export.graphs.encoders import ENCODE, LAYOUT
from model_export.graphs.layers import Layers
from model_export.graphs.layout import PACKED, Packed, Padded

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from model_export.graphs.layout import Rows
    from train.models.joint import IntentMLP, JointNetwork, SlotMLP


def score_graph(network: JointNetwork, *, small: bool, input_scales: Mapping[str, float]) -> onnx.ModelProto:
    """The checked model; `small` stores its parameters in fewer bytes, layers with an input scale compute in integers."""
    graph = Graph("score")
    vectors_UE = graph.input("vectors_UE", np.float32, ("U", vector_size(network)))
    words_BT = graph.input("words_BT", np.int64, ("B", "T"))
    lengths_B = graph.input("lengths_B", np.int32, ("B",))
    towers = network.towers()
    layouts = [LAYOUT.get(type(tower.encoder), Padded) for tower in towers.values()]
    made = {layout: layout(graph, words_BT, lengths_B) for layout in dict.fromkeys(layouts)}
    intents, emissions = [], []
    for (name, tower), layout in zip(towers.items(), layouts, strict=True):
        layers, rows = Layers(graph, small=small, input_scales=input_scales, within=name), made[layout]
        tokens = rows.look_up(vectors_UE)
        projection = getattr(tower.encoder, "projection", None)
        if projection is not None and folded_projection(network) is None:
            tokens = layers.linear("encoder.projection", projection, tokens)
        encoded = ENCODE[type(tower.encoder)](layers, tower.encoder, tokens, rows)
        intents.append(_intents(layers, tower.intent, encoded, rows))
        emissions.append(rows.grid(_slots(layers, tower.slots, encoded)))
    log_probs_BI, emissions_BTK = intents[0], emissions[0]
    if len(intents) > 1:
        log_probs_BI = graph.op("LogSoftmax", graph.op("Mean", *intents), axis=1)
        emissions_BTK = graph.op("Mean", *emissions)
    n_intents = 0 if network.intent is None else network.intent.output.out_features
    n_tags = network.slots.output.out_features
    graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
    graph.output("emissions_BTK", emissions_BTK, np.float32, ("B", "T", n_tags))
    return graph.build(PACKED if set(layouts) == {Packed} else {})


def _intents(layers: Layers, mlp: IntentMLP | None, encoded: Value, rows: Rows) -> Value:
    graph = layers.graph
    if mlp is None:
        shape = graph.op("Concat", graph.op("Shape", rows.lengths_B), graph.integers(0), axis=0)
        return graph.op("ConstantOfShape", shape)
    pooled_BH = graph.op("Concat", rows.largest(encoded), rows.mean(encoded), axis=1)
    hidden_BH = layers.gelu(layers.linear("intent.hidden", mlp.hidden, pooled_BH))
    return graph.op("LogSoftmax", layers.linear("intent.output", mlp.output, hidden_BH), axis=1)


def _slots(layers: Layers, mlp: SlotMLP, encoded: Value) -> Value:
    hidden = layers.gelu(layers.linear("slots.hidden", mlp.hidden, encoded))
    return layers.linear("slots.output", mlp.output, hidden)
