"""A trained embedder -> embed.onnx: distinct words in -> their vectors out; a vector depends on its word alone.

Axes: U distinct words, C characters, E word vector, L character vector, N filters of one width.

    inputs   word_rows_U int64, characters_UC int64
    outputs  vectors_UE float32

It is a graph of its own so that a word's vector is computed once and can be cached: the filters over its characters are a
fifth of the operations of a small network. If the first layer of the encoder reads one word at a time, it is part of this
graph, and the vectors are its outputs. Initialisers have the parameters' names and shapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from model_export.graphs.builder import Graph, Value
from model_export.graphs.encoders import word_projection
from model_export.graphs.layers import Layers
from model_export.graphs.parameters import parameter
from model_export.graphs.traced import TracedInput, trace
from train.models.embedder import FILTER_WIDTHS

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

    from train.models.embedder import Embedder
    from train.models.joint import JointNetwork


def vector_size(network: JointNetwork) -> int:
    """How many numbers the vector of a word has in the embed graph's output."""
    projection = word_projection(network)
    return network.embedder.output_size if projection is None else projection.out_features


def embed_graph(network: JointNetwork, *, small: bool) -> onnx.ModelProto:
    """The checked model; `small` stores its parameters in fewer bytes."""
    graph, embedder = Graph("embed"), network.embedder
    word_ids_U = graph.input("word_rows_U", np.int64, ("U",))
    characters_UC = graph.input("characters_UC", np.int64, ("U", "C"))
    words = parameter(graph, "embedder.words.weight", embedder.word_vectors(), small=small, int8_axis=0)
    parts = [graph.op("Gather", words, word_ids_U, axis=0)]
    layers = Layers(graph, small=small, input_scales={})
    if embedder.config.case_size:
        cases = layers.parameter("embedder.cases.weight", embedder.cases.weight)
        marks_U = graph.op("Gather", characters_UC, graph.constant(0, np.int64), axis=1)
        parts.append(graph.op("Gather", cases, marks_U, axis=0))
    if embedder.config.character_filters or embedder.config.character_gru:
        table = layers.parameter("embedder.characters.weight", embedder.characters.weight)
        letters_UCL = graph.op("Gather", table, characters_UC, axis=0)
        if embedder.config.character_filters:
            parts += _filtered(layers.inside("embedder."), embedder, letters_UCL, characters_UC)
        if embedder.config.character_gru:
            parts.append(
                _ends(layers.inside("embedder.character_gru."), embedder, letters_UCL, characters_UC)
            )
    vectors_UE = graph.op("Concat", *parts, axis=1)
    if (projection := word_projection(network)) is not None:
        vectors_UE = layers.linear("encoder.projection", projection, vectors_UE)
    graph.output("vectors_UE", vectors_UE, np.float32, ("U", vector_size(network)))
    return graph.build()


def _filtered(layers: Layers, embedder: Embedder, letters_UCL: Value, characters_UC: Value) -> list[Value]:
    """For each width, the largest response of each filter over the positions of a word's characters, shape (U, N)."""
    graph = layers.graph
    inside_UC = graph.op("Greater", characters_UC, graph.constant(0, np.int64))
    inside_U1C = graph.op("Unsqueeze", graph.cast(inside_UC, np.float32), graph.integers(1))
    letters_ULC = graph.op("Transpose", letters_UCL, perm=[0, 2, 1])
    largest = []
    for index, width in enumerate(FILTER_WIDTHS):
        conv = cast("nn.Conv1d", embedder.filters[index])
        response_UNC = graph.op(
            "Conv",
            letters_ULC,
            layers.parameter(f"filters.{index}.weight", conv.weight),
            layers.parameter(f"filters.{index}.bias", cast("Tensor", conv.bias)),
            pads=[width // 2, width - 1 - width // 2],
        )
        response_UNC = graph.op("Mul", graph.op("Relu", response_UNC), inside_U1C)
        largest.append(graph.op("ReduceMax", response_UNC, graph.integers(2), keepdims=0))
    return largest


def _ends(layers: Layers, embedder: Embedder, letters_UCL: Value, characters_UC: Value) -> Value:
    """The states in which a biGRU over a word's characters ends, shape (U, G)."""
    ids_UC = torch.tensor([[1, 1, 1], [1, 1, 0]])
    letters = TracedInput(letters_UCL, torch.zeros(2, 3, embedder.config.character_size), (0, 1))
    return trace(layers, embedder.character_gru, [letters, TracedInput(characters_UC, ids_UC, (0, 1))])
