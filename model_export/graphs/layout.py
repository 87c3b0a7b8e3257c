"""The layout of a batch's tokens in a graph: padded to the longest utterance, or end to end without padding ("packed").

Axes: B utterances, T tokens of the longest, N tokens of all utterances together; U distinct words, H channels of a token,
J distances to a neighbour. `values` have one vector for each token: shape (B, T, H) if padded, (N, H) if packed.

A recurrence runs along its sequences and needs them padded. Layers that read a token, its neighbours and a maximum do not: a
batch of mixed lengths is then no more work than one of similar lengths.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from train.models.encoders.gated_cnn import DILATIONS
from train.models.pooling import BELOW_ALL

if TYPE_CHECKING:
    from model_export.graphs.builder import Graph, Value

DISTANCES = (*(-distance for distance in sorted(DILATIONS, reverse=True)), 0, *sorted(DILATIONS))
"""Distances of all neighbours that any block reads, 0 for the token itself."""


class TokenLayout(ABC):
    """The tokens of a batch in some layout; `name` is its name in the manifest."""

    name: ClassVar[Literal["padded", "packed"]]

    def __init__(self, graph: Graph, words_BT: Value, lengths_B: Value) -> None:
        self._graph = graph
        self._words_BT = words_BT
        self.lengths_B = lengths_B
        self._inside_BT = graph.op("Greater", words_BT, graph.constant(0, np.int64))

    def other(self, kind: type[TokenLayout]) -> TokenLayout:
        """Another layout of the same tokens."""
        return self if kind is type(self) else kind(self._graph, self._words_BT, self.lengths_B)

    @abstractmethod
    def look_up(self, vectors_UH: Value) -> Value:
        """Values: the vector of each token's word."""

    @abstractmethod
    def of_padded(self, values_BTH: Value) -> Value:
        """Values of padded ones."""

    @abstractmethod
    def to_padded(self, values: Value) -> Value:
        """values_BTH; values in padding have no meaning, but are finite."""

    @abstractmethod
    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens, of values that are zero in padding."""

    def mean(self, values: Value) -> Value:
        """mean_BH over each utterance's tokens."""
        graph, along = self._graph, self._graph.integers(1)
        inside_B1T = graph.op("Unsqueeze", graph.cast(self._inside_BT, np.float32), along)
        total_BH = graph.op("Squeeze", graph.op("MatMul", inside_B1T, self.to_padded(values)), along)
        return graph.op("Div", total_BH, graph.op("Unsqueeze", graph.cast(self.lengths_B, np.float32), along))


class Padded(TokenLayout):
    """Tokens in the shape (B, T) of the batch."""

    name = "padded"

    @cached_property
    def int64_lengths_B(self) -> Value:
        """Lengths as PyTorch has them."""
        return self._graph.cast(self.lengths_B, np.int64)

    @cached_property
    def inside_BT1(self) -> Value:
        """1.0 for a token, 0.0 in padding."""
        return self._graph.op(
            "Unsqueeze", self._graph.cast(self._inside_BT, np.float32), self._graph.integers(2)
        )

    def look_up(self, vectors_UH: Value) -> Value:
        """Values: the vector of each token's word."""
        return self._graph.op("Gather", vectors_UH, self._words_BT, axis=0)

    def of_padded(self, values_BTH: Value) -> Value:
        """The values, unchanged."""
        return values_BTH

    def mask_padding(self, values: Value) -> Value:
        """The values, zero in padding."""
        return self._graph.op("Mul", values, self.inside_BT1)

    def to_padded(self, values: Value) -> Value:
        """The values, unchanged."""
        return values

    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens, of values that are zero in padding."""
        graph = self._graph
        outside_BT1 = graph.op("Sub", self.inside_BT1, graph.constant(1.0, np.float32))
        far_below_BT1 = graph.op("Mul", outside_BT1, graph.constant(-BELOW_ALL, np.float32))
        return graph.op("ReduceMax", graph.op("Add", values, far_below_BT1), graph.integers(1), keepdims=0)


class Packed(TokenLayout):
    """The tokens of all utterances end to end."""

    name = "packed"

    def __init__(self, graph: Graph, words_BT: Value, lengths_B: Value) -> None:
        super().__init__(graph, words_BT, lengths_B)
        first, second = graph.constant(0, np.int64), graph.constant(1, np.int64)
        self._indices_2N = graph.op("NonZero", self._inside_BT)
        self._utterance_N, self._position_N = (
            graph.op("Gather", self._indices_2N, axis, axis=0) for axis in (first, second)
        )
        self._int64_lengths_B = graph.cast(lengths_B, np.int64)
        self._starts_B = graph.op("CumSum", self._int64_lengths_B, first, exclusive=1)

    def look_up(self, vectors_UH: Value) -> Value:
        """Values: the vector of each token's word."""
        inside = self._graph.op("Reshape", self._inside_BT, self._graph.integers(-1))
        words_N = self._graph.op("Compress", self._words_BT, inside)
        return self._graph.op("Gather", vectors_UH, words_N, axis=0)

    def of_padded(self, values_BTH: Value) -> Value:
        """Values of padded ones: those of tokens."""
        indices_N2 = self._graph.op("Transpose", self._indices_2N, perm=[1, 0])
        return self._graph.op("GatherND", values_BTH, indices_N2)

    def to_padded(self, values: Value) -> Value:
        """values_BTH; padding repeats the utterance's first token."""
        return self._graph.op("Gather", values, self._indices_BT, axis=0)

    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens."""
        return self._graph.op("ReduceMax", self.to_padded(values), self._graph.integers(1), keepdims=0)

    def per_token(self, values_BH: Value) -> Value:
        """values_NH: for each token the vector of its utterance."""
        return self._graph.op("Gather", values_BH, self._utterance_N, axis=0)

    def neighbours(self, values: Value, absent_1H: Value, dilation: int) -> Value:
        """Shape (N, 3, H): the token `dilation` before each, itself and the one after; `absent_1H` beyond the utterance."""
        graph = self._graph
        columns = graph.integers(*(DISTANCES.index(distance) for distance in (-dilation, 0, dilation)))
        indices_N3 = graph.op("Gather", self._neighbours_NJ, columns, axis=1)
        return graph.op("Gather", graph.op("Concat", values, absent_1H, axis=0), indices_N3, axis=0)

    @cached_property
    def _indices_BT(self) -> Value:
        """The packed index of each token; in padding that of the utterance's first token."""
        graph, along = self._graph, self._graph.constant(1, np.int64)
        inside_BT = graph.cast(self._inside_BT, np.int64)
        positions_BT = graph.op("Mul", graph.op("CumSum", inside_BT, along, exclusive=1), inside_BT)
        return graph.op("Add", positions_BT, graph.op("Unsqueeze", self._starts_B, graph.integers(1)))

    @cached_property
    def _neighbours_NJ(self) -> Value:
        """The packed index of the token at each of DISTANCES; N beyond the utterance."""
        graph, along = self._graph, self._graph.integers(1)
        distances_J = graph.integers(*DISTANCES)
        position_N1, utterance_N1 = (
            graph.op("Unsqueeze", values_N, along) for values_N in (self._position_N, self._utterance_N)
        )
        positions_NJ = graph.op("Add", position_N1, distances_J)
        starts_N1, lengths_N1 = (
            graph.op("Gather", values_B, utterance_N1, axis=0)
            for values_B in (self._starts_B, self._int64_lengths_B)
        )
        inside_NJ = graph.op(
            "And",
            graph.op("GreaterOrEqual", positions_NJ, graph.constant(0, np.int64)),
            graph.op("Less", positions_NJ, lengths_N1),
        )
        n_tokens_1 = graph.op("Shape", self._utterance_N)
        return graph.op("Where", inside_NJ, graph.op("Add", positions_NJ, starts_N1), n_tokens_1)
