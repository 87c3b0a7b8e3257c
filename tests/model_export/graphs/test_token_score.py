"""The score graph of a CRF over features of tokens against the network: all sizes, stored as floats and in fewer bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
import torch

from model_export.graphs.token_score import token_score_graph
from polyparse.contract.labels import Labels
from train.models.token_crf import TokenCrf

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_FEATURES = 40


def network(*, intents: bool = True) -> TokenCrf:
    domain, intent = ("alarm", "alarm_set") if intents else (None, None)
    labels = Labels.collect(
        [(domain, intent, ["date", "time"]), (domain, intent and "alarm_off", [])], scheme="IO"
    )
    built = TokenCrf(labels, n_features=N_FEATURES)
    with torch.no_grad():
        built.weights_FK[1:].normal_(generator=torch.Generator().manual_seed(1))
    return built.eval()


def random_features(n_utterances: int, n_tokens: int, n_features: int) -> NDArray[np.int64]:
    random = np.random.default_rng([n_utterances, n_tokens, n_features])
    return random.integers(0, N_FEATURES + 1, (n_utterances, n_tokens, n_features))


def run(of: TokenCrf, features_BTL: NDArray[np.int64], *, small: bool) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(token_score_graph(of, small=small).SerializeToString())
    lengths_B = np.full(len(features_BTL), features_BTL.shape[1], dtype=np.int32)
    outputs: list[NDArray[np.float32]] = session.run(
        ["intent_log_probs_BI", "emissions_BTK"], {"token_features_BTL": features_BTL, "lengths_B": lengths_B}
    )
    return outputs


def emissions(of: TokenCrf, features_BTL: NDArray[np.int64]) -> NDArray[np.float32]:
    emissions_BTK: NDArray[np.float32] = of.weights_FK.detach().numpy()[features_BTL].sum(axis=2)
    return emissions_BTK


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 7, 18), (5, 1, 3), (8, 30, 18)])
def test_the_graph_equals_the_network(shape: tuple[int, int, int]) -> None:
    of, features_BTL = network(), random_features(*shape)
    log_probs_BI, emissions_BTK = run(of, features_BTL, small=False)
    assert emissions_BTK == pytest.approx(emissions(of, features_BTL), abs=1e-5)
    assert np.exp(log_probs_BI) == pytest.approx(np.full((shape[0], 2), 0.5))


def test_in_fewer_bytes_each_feature_is_within_half_a_step_of_its_own_scale() -> None:
    of = network()
    every_BTL = np.arange(N_FEATURES + 1)[:, None, None]
    _, emissions_BTK = run(of, every_BTL, small=True)
    weights_FK = of.weights_FK.detach().numpy()
    steps_F1 = np.abs(weights_FK).max(axis=1, keepdims=True) / 127
    assert (np.abs(emissions_BTK[:, 0] - weights_FK) <= steps_F1 / 2 + 1e-6).all()
    assert not emissions_BTK[0].any()


def test_without_intents_there_are_none() -> None:
    log_probs_BI, _ = run(network(intents=False), random_features(3, 4, 5), small=False)
    assert log_probs_BI.shape == (3, 0)
