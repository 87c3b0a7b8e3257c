"""How encoders are exported: each of them in one way, in a layout that the manifest has a word for.

Axes: G the gates of an LSTM.
"""

from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pytest
import torch

from model_export.graphs.embed import vector_size
from model_export.graphs.encoders import ENCODERS as EXPORTS
from model_export.graphs.encoders import export_of, lstm_weights, word_projection
from polyparse.bundle.manifest import Graphs
from tests.model_export.graphs.test_score import Member, network_of
from train.models.encoders import ENCODERS

each_encoder = pytest.mark.parametrize("encoder", ENCODERS)


def test_every_encoder_has_its_export() -> None:
    assert EXPORTS.keys() == set(ENCODERS.values())


@each_encoder
def test_the_manifest_has_a_word_for_the_layout(encoder: str) -> None:
    words = get_args(get_args(get_type_hints(Graphs)["layout"])[0])
    assert words == ("padded", "packed")
    assert EXPORTS[ENCODERS[encoder]].layout.name in words


@pytest.mark.parametrize("encoder", ["gated-cnn", "linear"])
def test_an_encoder_that_needs_no_padding_has_none(encoder: str) -> None:
    assert EXPORTS[ENCODERS[encoder]].layout.name == "packed"


@each_encoder
def test_only_an_encoder_that_projects_words_has_a_projection_to_make_once_a_word(encoder: str) -> None:
    """Its output is what the embed graph gives for a word; else the embedder's is."""
    network = network_of(Member(encoder, characters=True, intents=True))
    projection = word_projection(network)
    assert export_of(network).projects_words == (encoder in ("bisru", "gated-cnn", "linear"))
    assert (projection is not None) == export_of(network).projects_words
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
