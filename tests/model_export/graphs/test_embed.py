"""The embed graph of a network that knows words from outside: one table of all words, in floats and in integers."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from model_export.graphs import tables
from model_export.graphs.embed import embed_graph
from polyparse.contract.labels import Labels
from train.models.embedder import EmbedderConfig
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig, JointNetwork

WORDS, ADDED, CHARACTERS = 30, 10, 12


def network() -> JointNetwork:
    torch.manual_seed(0)
    config = JointConfig(
        embedder=EmbedderConfig(
            word_size=12, character_size=5, character_filters=4, outside_size=6, outside_words=ADDED
        ),
        encoder=EncoderConfig(kind="bilstm", hidden_size=8, layers=1),
    )
    labels = Labels((), ("a", "b"), (), ("s",), (), "IO")
    made = JointNetwork(labels, n_words=WORDS, n_characters=CHARACTERS, config=config).eval()
    made.embedder.know_from_outside(torch.arange(3, WORDS), torch.randn(WORDS - 3, 6))
    return made


@pytest.mark.parametrize(("small", "error"), [(False, 1e-6), (True, 2e-2)])
def test_one_table_has_what_the_network_makes_of_each_word(small: bool, error: float) -> None:
    made = network()
    model = embed_graph(made, small=small)
    assert tables.rows_of(model, "embedder.words.weight").shape == (WORDS, 12)
    assert not any("outside" in tensor.name for tensor in model.graph.initializer)
    rows_U = np.arange(WORDS)
    characters_UC = np.random.default_rng(0).integers(1, CHARACTERS, (WORDS, 7))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (vectors_UE,) = session.run(["vectors_UE"], {"word_rows_U": rows_U, "characters_UC": characters_UC})
    words_BT = torch.arange(WORDS)[None]
    expected_BTE = made.embedder(torch.from_numpy(rows_U), torch.from_numpy(characters_UC), words_BT)
    np.testing.assert_allclose(vectors_UE, expected_BTE[0].detach().numpy(), atol=error)
