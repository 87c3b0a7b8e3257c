"""A trained embedder -> embed.onnx: distinct words in -> their vectors out; a vector depends on its word alone.

Axes: U distinct words, C characters, E word vector, L character vector, N filters of one width.

    inputs   word_rows_U int64, characters_UC int64
    outputs  vectors_UE float32

It is a graph of its own so that a word's vector is computed once and can be cached: the filters over its characters are a
fifth of the operations of a small network. If the first layer of the encoder reads one word at a time, it is part of this
graph, and the vectors are its outputs. Initialisers have the parameters' names and shapes.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from model_export.graphs.builder import Graph, Value
from model_export.graphs.encoders import word_projection
from model_export.graphs.layers import Layers
from model_export.graphs.parameters import parameter
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
    words = parameter(graph, "embedder.words.weight", embedder.words.weight, small=small, int8_axis=0)
    parts = [graph.op("Gather", words, word_ids_U, axis=0)]
    if embedder.config.character_filters:
        parts += _character_vectors(graph, embedder, characters_UC, small=small)
    vectors_UE = graph.op("Concat", *parts, axis=1)
    if (projection := word_projection(network)) is not None:
        layers = Layers(graph, small=small, input_scales={})
        vectors_UE = layers.linear("encoder.projection", projection, vectors_UE)
    graph.output("vectors_UE", vectors_UE, np.float32, ("U", vector_size(network)))
    return graph.build()


def _character_vectors(graph: Graph, embedder: Embedder, characters_UC: Value, *, small: bool) -> list[Value]:
    """For each width, the largest response of each filter over the positions of a word's characters, shape (U, N)."""
    stored = partial(parameter, graph, small=small)
    inside_UC = graph.op("Greater", characters_UC, graph.constant(0, np.int64))
    inside_U1C = graph.op("Unsqueeze", graph.cast(inside_UC, np.float32), graph.integers(1))
    table = stored("embedder.characters.weight", embedder.characters.weight)
    letters_ULC = graph.op("Transpose", graph.op("Gather", table, characters_UC, axis=0), perm=[0, 2, 1])
    largest = []
    for index, width in enumerate(FILTER_WIDTHS):
        conv = cast("nn.Conv1d", embedder.filters[index])
        response_UNC = graph.op(
            "Conv",
            letters_ULC,
            stored(f"embedder.filters.{index}.weight", conv.weight),
            stored(f"embedder.filters.{index}.bias", cast("Tensor", conv.bias)),
            pads=[width // 2, width - 1 - width // 2],
        )
        response_UNC = graph.op("Mul", graph.op("Relu", response_UNC), inside_U1C)
        largest.append(graph.op("ReduceMax", response_UNC, graph.integers(2), keepdims=0))
    return largest
