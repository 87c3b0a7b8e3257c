"""How encoders are exported: each of them in one way, in a layout that the manifest has a word for.

Axes: B utterances, T tokens, E embedding, G the gates of an LSTM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import numpy as np
import onnxruntime
import pytest
import torch

from model_export.graphs.builder import Graph
from model_export.graphs.embed import vector_size
from model_export.graphs.encoders import ENCODERS as EXPORTS
from model_export.graphs.encoders import cnn, export_of, lstm_weights, traced, word_projection
from model_export.graphs.layers import Layers
from model_export.graphs.layout import Padded
from polyparse.bundle.manifest import Graphs
from tests.model_export.graphs.test_score import Member, network_of
from train.models.encoders import ENCODERS, encoder_of
from train.models.encoders.base import EncoderConfig
from train.models.encoders.bigru import BiGRU
from train.models.encoders.bilstm import BiLSTM
from train.models.encoders.identity import IdentityEncoder
from train.models.encoders.projected_cnn import ProjectedCNN

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from model_export.graphs.builder import Value
    from train.models.encoders import AnyEncoder

    Nodes = Callable[[Layers, Any, Value, Padded], Value]

TOKENS = {"words_BT": (np.int64, ("B", "T")), "lengths_B": (np.int32, ("B",))}

each_encoder = pytest.mark.parametrize("encoder", ENCODERS)


def test_an_encoder_without_a_graph_drawn_by_hand_is_traced() -> None:
    assert set(ENCODERS.values()) - EXPORTS.keys() == {BiGRU, ProjectedCNN, IdentityEncoder}
    for encoder in ("bigru", "projected-cnn", "identity"):
        network = network_of(Member(encoder, characters=True, intents=True))
        assert export_of(network.encoder).nodes is traced


def test_an_encoder_is_traced_by_the_size_of_its_input() -> None:
    encoder = BiLSTM(4, EncoderConfig(hidden_size=3))
    with pytest.raises(TypeError, match="found BiLSTM without input_size, expected one to trace it by"):
        traced(None, encoder, "", None)  # type: ignore[arg-type]  # it looks at the encoder first


def drawn(nodes: Nodes, encoder: AnyEncoder) -> onnx.ModelProto:
    """The encoder alone as a graph: embedded_BTE and words_BT, 0 in padding, in; encoded_BTH out."""
    graph = Graph("encoder")
    embedded_BTE = graph.input("embedded_BTE", np.float32, ("B", "T", 4))
    layout = Padded(graph, *(graph.input(name, *kind) for name, kind in TOKENS.items()))
    layers = Layers(graph, small=False, input_scales={})
    encoded_BTH = nodes(layers, encoder, embedded_BTE, layout)
    graph.output("encoded_BTH", encoded_BTH, np.float32, ("B", "T", encoder.output_size))
    return graph.build()


@pytest.mark.parametrize(
    ("kind", "nodes"),
    [
        (EncoderConfig(kind="cnn", hidden_size=3), cnn),
        (EncoderConfig(kind="cnn", hidden_size=3), traced),
        (EncoderConfig(kind="projected-cnn", hidden_size=3), traced),
        (EncoderConfig(kind="projected-cnn", hidden_size=3, batch_norm=True), traced),
        (EncoderConfig(kind="bigru", hidden_size=3), traced),
        (EncoderConfig(kind="identity"), traced),
    ],
)
def test_tracing_gives_what_the_encoder_does_over_other_lengths(kind: EncoderConfig, nodes: Nodes) -> None:
    """As what is drawn by hand does, of an encoder that has both; statistics of a batch are initialisers by their names."""
    torch.manual_seed(0)
    encoder = encoder_of(4, kind)
    if kind.kind == "cnn":
        encoder.input_size = 4
    for name, values in encoder.state_dict().items():
        if name.startswith(("blocks.", "layers.")) and values.is_floating_point():
            torch.nn.init.uniform_(values, 0.1, 1.0)  # two that are equal would be one initialiser
    encoder.eval()
    model = drawn(nodes, encoder)
    named = {name for name, values in encoder.state_dict().items() if values.is_floating_point()}
    assert named == {each.name for each in model.graph.initializer if not each.name.startswith("constant")}
    embedded_BTE, lengths_B = torch.randn(4, 7, 4), torch.tensor([7, 1, 3, 5])
    inside_BT = np.arange(7) < lengths_B.numpy()[:, None]
    inputs = {
        "embedded_BTE": embedded_BTE.numpy(),
        "words_BT": inside_BT.astype(np.int64),
        "lengths_B": lengths_B.numpy().astype(np.int32),
    }
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (actual,) = session.run(None, {each.name: inputs[each.name] for each in session.get_inputs()})
    assert np.abs(actual - encoder(embedded_BTE, lengths_B).detach().numpy()).max() < 1e-5


@each_encoder
def test_the_manifest_has_a_word_for_the_layout(encoder: str) -> None:
    words = get_args(get_args(get_type_hints(Graphs)["layout"])[0])
    assert words == ("padded", "packed")
    network = network_of(Member(encoder, characters=True, intents=True))
    assert export_of(network.encoder).layout.name in words


@pytest.mark.parametrize("encoder", ["gated-cnn", "linear"])
def test_an_encoder_that_needs_no_padding_has_none(encoder: str) -> None:
    assert EXPORTS[ENCODERS[encoder]].layout.name == "packed"


@each_encoder
def test_only_an_encoder_that_projects_words_has_a_projection_to_make_once_a_word(encoder: str) -> None:
    """Its output is what the embed graph gives for a word; else the embedder's is."""
    network = network_of(Member(encoder, characters=True, intents=True))
    projection = word_projection(network)
    assert export_of(network.encoder).projects_words == (encoder in ("bisru", "gated-cnn", "linear"))
    assert (projection is not None) == export_of(network.encoder).projects_words
    if projection is not None:
        assert projection is network.encoder.projection
        assert projection.in_features == network.embedder.output_size
        assert vector_size(network) == projection.out_features
    else:
        assert vector_size(network) == network.embedder.output_size


def test_the_gates_of_an_lstm_are_put_in_the_order_of_onnx() -> None:
    """PyTorch has input, forget, cell, output; ONNX has input, output, forget, cell."""
    lstm = torch.nn.LSTM(3, 2, bidirectional=True)
    gates_G = torch.tensor([1.0, 2.0, 3.0, 4.0]).repeat_interleave(2)
    kinds = {"weight_ih_l0": 10.0, "weight_hh_l0": 20.0, "bias_ih_l0": 30.0, "bias_hh_l0": 40.0}
    with torch.no_grad():
        for name, parameter in lstm.named_parameters():
            backward = 100.0 * name.endswith("_reverse")
            values_G = gates_G + kinds[name.removesuffix("_reverse")] + backward
            parameter.copy_(values_G.reshape(-1, *[1] * (parameter.dim() - 1)).expand_as(parameter))
    actual = lstm_weights(lstm)
    order = np.repeat([1.0, 4.0, 2.0, 3.0], 2)
    for direction in (0, 1):
        assert (actual["W"][direction] == (order + 10 + 100 * direction)[:, None]).all()
        assert (actual["R"][direction] == (order + 20 + 100 * direction)[:, None]).all()
        biases = np.concatenate([order + 30, order + 40]) + 100 * direction
        assert (actual["B"][direction] == biases).all()
