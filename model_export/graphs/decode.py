"""Decoding as ONNX graphs: emissions, allowed tags and lengths in; path, its marginals and its log-probability out.

Axes: B utterances, T tokens, K tags.

Each graph computes what its head's `decode` computes, and resolves ties between equal scores the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from model_export.graphs.builder import Graph, Value
from model_export.graphs.decoder import DecoderInputs
from model_export.graphs.mean_field import mean_field, softmax
from model_export.graphs.viterbi import viterbi
from train.models.heads.ain_annealed import AinAnnealed
from train.models.heads.ain_factorised import AinFactorised
from train.models.heads.ain_first import AinFirst
from train.models.heads.base import FORBIDDEN
from train.models.heads.crf import Crf
from train.models.heads.margin_crf import MarginCrf
from train.models.heads.softmax import Softmax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import onnx

    from polyparse.inference.networks import Decoded


class DecoderExport(NamedTuple):
    """How a head is exported: `nodes` adds it to a graph; `decode_head` is the manifest's name of its decoding."""

    nodes: Callable[[Graph, DecoderInputs, Any, Mapping[str, Value]], Decoded[Value]]
    decode_head: str


DECODERS: Mapping[type, DecoderExport] = {
    Softmax: DecoderExport(softmax, "softmax"),
    Crf: DecoderExport(viterbi, "viterbi"),
    MarginCrf: DecoderExport(viterbi, "viterbi"),
    AinFirst: DecoderExport(mean_field, "ain"),
    AinAnnealed: DecoderExport(mean_field, "ain"),
    AinFactorised: DecoderExport(mean_field, "ain"),
}


def decode_graph(head: Softmax | Crf | AinFirst, *, prefix: str = "head.") -> onnx.ModelProto:
    """The graph of a head; the initialiser of a parameter has the parameter's name after `prefix`."""
    graph = Graph("decode")
    inputs = _inputs(graph, len(head.tags))
    parameters = {
        name: graph.parameter(prefix + name, parameter.detach().float().numpy())
        for name, parameter in head.named_parameters()
    }
    decoded = DECODERS[type(head)].nodes(graph, inputs, head, parameters)
    path_BT = graph.op("Where", inputs.inside_BT, decoded.path_RT, graph.constant(0, np.int64))
    one = graph.constant(1.0, np.float32)
    marginals_BT = graph.op("Where", inputs.inside_BT, decoded.marginals_RT, one)
    graph.output("path_BT", path_BT, np.int64, ("B", "T"))
    graph.output("path_marginals_BT", marginals_BT, np.float32, ("B", "T"))
    graph.output("log_prob_B", decoded.log_prob_R, np.float32, ("B",))
    return graph.build()


def _inputs(graph: Graph, n_tags: int) -> DecoderInputs:
    emissions_BTK = graph.input("emissions_BTK", np.float32, ("B", "T", n_tags))
    allowed_BK = graph.input("allowed_BK", np.bool_, ("B", n_tags))
    lengths_B = graph.cast(graph.input("lengths_B", np.int32, ("B",)), np.int64)
    n_tokens = graph.op("Squeeze", graph.op("Shape", emissions_BTK, start=1, end=2))
    zero, one = graph.constant(0, np.int64), graph.constant(1, np.int64)
    positions_T = graph.op("Range", zero, n_tokens, one)
    allowed_B1K = graph.op("Unsqueeze", allowed_BK, graph.integers(1))
    return DecoderInputs(
        graph.op("Where", allowed_B1K, emissions_BTK, graph.constant(FORBIDDEN, np.float32)),
        allowed_BK,
        lengths_B,
        graph.op("Less", positions_T, graph.op("Unsqueeze", lengths_B, graph.integers(1))),
        positions_T,
    )
