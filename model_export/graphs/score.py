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
import torch

from model_export.graphs.builder import Graph, Value
from model_export.graphs.embed import vector_size
from model_export.graphs.encoders import export_of
from model_export.graphs.layers import Layers
from model_export.graphs.traced import TracedInput, trace
from train.models.decoders import IntentExperts, SlotExperts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx

    from model_export.graphs.layout import TokenLayout
    from train.models.decoders import IntentMLP
    from train.models.experts import GatedExperts
    from train.models.joint import IntentDecoder, JointNetwork, SlotDecoder


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
    n_intents = 0 if network.intent is None else network.intent.n_labels
    n_tags = network.slots.n_labels
    log_probs_BI = _intents(layers, network.intent, encoded, layout)
    emissions_BTK = _slots(layers, network.slots, encoded, layout)
    graph.output("intent_log_probs_BI", log_probs_BI, np.float32, ("B", n_intents))
    graph.output("emissions_BTK", emissions_BTK, np.float32, ("B", "T", n_tags))
    return graph.build()


def _intents(layers: Layers, decoder: IntentDecoder | None, encoded: Value, layout: TokenLayout) -> Value:
    graph = layers.graph
    if decoder is None:
        shape = graph.op("Concat", graph.op("Shape", layout.lengths_B), graph.integers(0), axis=0)
        return graph.op("ConstantOfShape", shape)
    if isinstance(decoder, IntentExperts):
        lengths_B = TracedInput(graph.cast(layout.lengths_B, np.int64), torch.tensor([3, 2]), (0,))
        inputs = [_tokens(layout.to_padded(encoded), decoder.mixture), lengths_B]
        return graph.op("LogSoftmax", trace(layers.inside("intent."), decoder, inputs), axis=1)
    return graph.op("LogSoftmax", _intent_mlp(layers, decoder, encoded, layout), axis=1)


def _intent_mlp(layers: Layers, mlp: IntentMLP, encoded: Value, layout: TokenLayout) -> Value:
    graph = layers.graph
    pooled_BH = graph.op("Concat", layout.largest(encoded), layout.mean(encoded), axis=1)
    if mlp.hidden is not None:
        pooled_BH = layers.gelu(layers.linear("intent.hidden", mlp.hidden, pooled_BH))
    return layers.linear("intent.output", mlp.output, pooled_BH)


def _slots(layers: Layers, decoder: SlotDecoder, encoded: Value, layout: TokenLayout) -> Value:
    """emissions_BTK."""
    if isinstance(decoder, SlotExperts):
        return trace(layers.inside("slots."), decoder, [_tokens(layout.to_padded(encoded), decoder.mixture)])
    if decoder.hidden is not None:
        encoded = layers.gelu(layers.linear("slots.hidden", decoder.hidden, encoded))
    return layout.to_padded(layers.linear("slots.output", decoder.output, encoded))


def _tokens(encoded_BTH: Value, mixture: GatedExperts) -> TracedInput:
    return TracedInput(encoded_BTH, torch.zeros(2, 3, mixture.gate.in_features), (0, 1))
