"""What an export has written into graphs is read back as the network's own parameters."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model_export.graphs.embed import embed_graph
from model_export.graphs.score import score_graph
from polyparse.errors import ConfigError
from tests.model_export.graphs.test_score import Member, network_of
from train.graph_weights import floats_of, initialisers_of, parameters_of
from train.models.encoders import ENCODERS


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("small", [False, True], ids=["whole", "small"])
def test_parameters_come_back_by_their_names(encoder: str, *, small: bool) -> None:
    """The head's are in the decode graph. In fewer bytes, a value is within half a step of 127 of its row's largest, of both
    directions of an LSTM.
    """
    network = network_of(Member(encoder, characters=True, intents=True))
    graphs = (embed_graph(network, small=small), score_graph(network, small=small, input_scales={}))
    read = {name: array for graph in graphs for name, array in parameters_of(graph).items()}
    trained = {name: one for name, one in network.state_dict().items() if not name.startswith("head.")}
    assert read.keys() == trained.keys()
    for name, parameter in trained.items():
        bound = parameter.abs().max() / 200 if small else torch.zeros(())
        assert (torch.from_numpy(read[name]) - parameter).abs().max() <= bound, name


def test_scales_that_do_not_fit_are_refused() -> None:
    graph = embed_graph(network_of(Member("linear", characters=False, intents=True)), small=True)
    stored = initialisers_of(graph)
    name = "embedder.words.weight"
    stored[name + ".scale"] = stored[name]
    assert floats_of(stored, name).shape == tuple(stored[name].dims)
    stored[name + ".scale"] = stored["encoder.projection.bias"]
    with pytest.raises(ConfigError, match=f"{name}: found scales of shape"):
        floats_of(stored, name)


def test_codes_of_integer_products_are_multiplied_by_their_outputs_scales() -> None:
    network = network_of(Member("gated-cnn", characters=False, intents=True))
    graph = score_graph(network, small=True, input_scales={"slots.hidden": 0.02})
    read = parameters_of(graph)["slots.hidden.weight"]
    trained = network.get_parameter("slots.hidden.weight").detach().numpy()
    assert np.abs(read - trained).max() <= np.abs(trained).max() / 60
