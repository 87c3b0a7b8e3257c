"""Decoding as ONNX graphs: emissions, allowed tags and lengths in; path, its marginals and log-probability out.

Axes: B utterances, T tokens, K tags.

Each graph does what its head's `decode` does, in the same order wherever that decides between equal scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from model_export.graphs.builder import Graph, Value
from model_export.graphs.decoder import Answers, Inputs
from model_export.graphs.mean_field import mean_field, softmax
from model_export.graphs.viterbi import viterbi
from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.base import FORBIDDEN
from train.models.heads.crf import Crf
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx

DECODERS: Mapping[type, Callable[[Graph, Inputs, Any, Mapping[str, Value]], Answers]] = {
    Softmax: softmax,
    Crf: viterbi,
    AinFirst: mean_field,
    AinAnnealed: mean_field,
    AinFactorised: mean_field,
}


def decode_graph(head: Softmax | Crf | AinFirst, *, prefix: str = "head.") -> onnx.ModelProto:
    """The graph of a head; its parameters are initialisers under their own names after `prefix`."""
    graph = Graph("decode")
    inputs = _inputs(graph, len(head.tags))
    parameters = {
        name: graph.parameter(prefix + name, parameter.detach().float().numpy())
        for name, parameter in head.named_parameters()
    }
    answers = DECODERS[type(head)](graph, inputs, head, parameters)
    path_BT = graph.op("Where", inputs.inside_BT, answers.path_BT, graph.constant(0, np.int64))
    one = graph.constant(1.0, np.float32)
    marginals_BT = graph.op("Where", inputs.inside_BT, answers.path_marginals_BT, one)
    graph.output("path_BT", path_BT, np.int64, ("B", "T"))
    graph.output("path_marginals_BT", marginals_BT, np.float32, ("B", "T"))
    graph.output("log_prob_B", answers.log_prob_B, np.float32, ("B",))
    return graph.build()


def _inputs(graph: Graph, n_tags: int) -> Inputs:
    emissions_BTK = graph.input("emissions_BTK", np.float32, ("B", "T", n_tags))
    allowed_BK = graph.input("allowed_BK", np.bool_, ("B", n_tags))
    lengths_B = graph.cast(graph.input("lengths_B", np.int32, ("B",)), np.int64)
    n_tokens = graph.op("Squeeze", graph.op("Shape", emissions_BTK, start=1, end=2))
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    positions_T = graph.op("Range", zero, n_tokens, one)
    allowed_B1K = graph.op("Unsqueeze", allowed_BK, graph.integers(1))
    return Inputs(
        graph.op("Where", allowed_B1K, emissions_BTK, graph.constant(FORBIDDEN, np.float32)),
        allowed_BK,
        lengths_B,
        graph.op("Less", positions_T, graph.op("Unsqueeze", lengths_B, graph.integers(1))),
        positions_T,
    )
