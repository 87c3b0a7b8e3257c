"""How a graph lays out the tokens of a batch: padded to the longest utterance, or end to end without padding ("packed").

Axes: B utterances, T tokens of the longest, N tokens of all utterances together; U distinct words, H channels of a token,
J steps from a token to another. A method takes values of its layout's tokens: (B, T, H) if padded, (N, H) if packed.

A recurrence goes along its rows and needs them padded. Layers that read a token, its neighbours and a maximum do not: a
batch of mixed lengths is then no more work than one of like lengths.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from train.models.encoders.gated_cnn import DILATIONS
from train.models.pooling import BELOW_ALL

if TYPE_CHECKING:
    from model_export.graphs.builder import Graph, Value

PACKED = {"rows": "packed"}
"""Metadata of a graph that does no work for padding, so that a runtime need not run rows of like lengths together."""

STEPS = (*(-step for step in sorted(DILATIONS, reverse=True)), 0, *sorted(DILATIONS))
"""How far from a token the tokens are that some block reads."""


class Rows(ABC):
    """The tokens of a batch in some layout."""

    def __init__(self, graph: Graph, words_BT: Value, lengths_B: Value) -> None:
        self._graph = graph
        self._words_BT = words_BT
        self.lengths_B = lengths_B
        self._inside_BT = graph.op("Greater", words_BT, graph.constant(0, np.int64))

    @abstractmethod
    def look_up(self, vectors_UH: Value) -> Value:
        """The vector of each token's word."""

    @abstractmethod
    def grid(self, values: Value) -> Value:
        """values_BTH; what stands in padding means nothing, but is finite."""

    @abstractmethod
    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens, of values that are zero in padding."""

    def mean(self, values: Value) -> Value:
        """mean_BH over each utterance's tokens."""
        graph, along = self._graph, self._graph.integers(1)
        inside_B1T = graph.op("Unsqueeze", graph.cast(self._inside_BT, np.float32), along)
        total_BH = graph.op("Squeeze", graph.op("MatMul", inside_B1T, self.grid(values)), along)
        return graph.op("Div", total_BH, graph.op("Unsqueeze", graph.cast(self.lengths_B, np.float32), along))


class Padded(Rows):
    """Tokens as the batch has them."""

    @cached_property
    def inside_BT1(self) -> Value:
        """1.0 where there is a word, 0.0 in padding."""
        return self._graph.op(
            "Unsqueeze", self._graph.cast(self._inside_BT, np.float32), self._graph.integers(2)
        )

    def look_up(self, vectors_UH: Value) -> Value:
        """The vector of each token's word."""
        return self._graph.op("Gather", vectors_UH, self._words_BT, axis=0)

    def blank(self, values: Value) -> Value:
        """The values, zero in padding."""
        return self._graph.op("Mul", values, self.inside_BT1)

    def grid(self, values: Value) -> Value:
        """The values as they are."""
        return values

    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens, of values that are zero in padding."""
        graph = self._graph
        outside_BT1 = graph.op("Sub", self.inside_BT1, graph.constant(1.0, np.float32))
        far_below_BT1 = graph.op("Mul", outside_BT1, graph.constant(-BELOW_ALL, np.float32))
        return graph.op("ReduceMax", graph.op("Add", values, far_below_BT1), graph.integers(1), keepdims=0)


class Packed(Rows):
    """The tokens of all utterances end to end, and where those of each stand."""

    def __init__(self, graph: Graph, words_BT: Value, lengths_B: Value) -> None:
        super().__init__(graph, words_BT, lengths_B)
        first, second = graph.constant(0, np.int64), graph.constant(1, np.int64)
        places_2N = graph.op("NonZero", self._inside_BT)
        self._owner_N, self._time_N = (graph.op("Gather", places_2N, row, axis=0) for row in (first, second))
        self._long_B = graph.cast(lengths_B, np.int64)
        self._starts_B = graph.op("CumSum", self._long_B, first, exclusive=1)

    def look_up(self, vectors_UH: Value) -> Value:
        """The vector of each token's word."""
        inside = self._graph.op("Reshape", self._inside_BT, self._graph.integers(-1))
        words_N = self._graph.op("Compress", self._words_BT, inside)
        return self._graph.op("Gather", vectors_UH, words_N, axis=0)

    def grid(self, values: Value) -> Value:
        """values_BTH; padding repeats the utterance's first token."""
        return self._graph.op("Gather", values, self._places_BT, axis=0)

    def largest(self, values: Value) -> Value:
        """largest_BH over each utterance's tokens."""
        return self._graph.op("ReduceMax", self.grid(values), self._graph.integers(1), keepdims=0)

    def each(self, values_BH: Value) -> Value:
        """values_NH: each token has its utterance's."""
        return self._graph.op("Gather", values_BH, self._owner_N, axis=0)

    def near(self, values: Value, absent_1H: Value, dilation: int) -> Value:
        """near_N3H: the token `dilation` before each, itself and that as far behind; `absent_1H` beyond the utterance."""
        graph = self._graph
        columns = graph.integers(*(STEPS.index(step) for step in (-dilation, 0, dilation)))
        rows_N3 = graph.op("Gather", self._neighbours_NJ, columns, axis=1)
        return graph.op("Gather", graph.op("Concat", values, absent_1H, axis=0), rows_N3, axis=0)

    @cached_property
    def _places_BT(self) -> Value:
        """Where the token of each place stands; an utterance's first in padding."""
        graph, along = self._graph, self._graph.constant(1, np.int64)
        inside_BT = graph.cast(self._inside_BT, np.int64)
        times_BT = graph.op("Mul", graph.op("CumSum", inside_BT, along, exclusive=1), inside_BT)
        return graph.op("Add", times_BT, graph.op("Unsqueeze", self._starts_B, graph.integers(1)))

    @cached_property
    def _neighbours_NJ(self) -> Value:
        """Where the tokens stand that are STEPS away; N beyond the utterance."""
        graph, along = self._graph, self._graph.integers(1)
        steps_J = graph.integers(*STEPS)
        time_N1, owner_N1 = (graph.op("Unsqueeze", each, along) for each in (self._time_N, self._owner_N))
        times_NJ = graph.op("Add", time_N1, steps_J)
        starts_N1, lengths_N1 = (
            graph.op("Gather", each_B, owner_N1, axis=0) for each_B in (self._starts_B, self._long_B)
        )
        fits_NJ = graph.op(
            "And",
            graph.op("GreaterOrEqual", times_NJ, graph.constant(0, np.int64)),
            graph.op("Less", times_NJ, lengths_N1),
        )
        beyond_1 = graph.op("Shape", self._owner_N)
        return graph.op("Where", fits_NJ, graph.op("Add", times_NJ, starts_N1), beyond_1)
