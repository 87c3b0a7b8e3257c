"""The embed and score graphs of every encoder, with characters and without, with intents and without, against torch's twin.

Axes: B utterances, T tokens, U distinct words, C characters, F features, I intents, K tags.
"""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from model_export.graphs.embed import embed_graph
from model_export.graphs.input_scales import input_scales
from model_export.graphs.score import score_graph
from polyparse.contract.labels import Labels
from polyparse.text.vectorizer import Batch
from polyparse.text.words import Word
from train.models.embedder import EmbedderConfig
from train.models.encoders import ENCODERS
from train.models.encoders.base import EncoderConfig
from train.models.joint import JointConfig, JointNetwork
from train.models.torch_networks import TorchNetworks

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

N_WORDS, N_CHARACTERS = 50, 30
ROWS, TOKENS, WORDS, CHARACTERS = (1, 3, 32), (1, 2, 8, 33), (1, 2, 40), (1, 2, 9)
"""Sizes to go through: B, T, U (padding apart) and C."""


BLOCKS = [f"encoder.blocks.{block}.{part}.weight" for block in (0, 1) for part in ("near", "whole")]
INT8 = {
    "bilstm": [f"encoder.layers.{layer}.{part}" for layer in (0, 1) for part in "WR"],
    "bisru": [*(f"encoder.layers.{layer}.gates.weight" for layer in (0, 1)), "slots.hidden.weight"],
    "gated-cnn": [*BLOCKS, "slots.hidden.weight"],
    "bilstm | gated-cnn": [
        f"encoder.parts.bilstm.layers.{layer}.{part}" for layer in (0, 1) for part in "WR"
    ],
    "expert-bilstm": [f"encoder.recurrent.layers.{layer}.{part}" for layer in (0, 1) for part in "WR"],
    "bilstm | expert-bilstm": [
        f"encoder.parts.{name}.layers.{layer}.{part}"
        for name in ("bilstm", "expert_bilstm.recurrent")
        for layer in (0, 1)
        for part in "WR"
    ],
}
"""What small storage keeps in int8, words aside; but for a biLSTM's, they are multiplied as integers."""


class Member(NamedTuple):
    """A row of the family table; the encoder "a | b" is a beside b, a biGRU comes with one over characters.

    With `experts` decoders are made of so many.
    """

    encoder: str
    characters: bool
    intents: bool
    experts: int = 0


PARALLEL = ("bilstm | gated-cnn", "bigru | linear | bisru", "projected-cnn | identity")
FAMILY = [
    *(Member(*row) for row in product(ENCODERS, (True, False), (True, False))),
    *(Member(encoder, characters=True, intents=True) for encoder in PARALLEL),
    Member("bilstm | expert-bilstm", characters=True, intents=True, experts=3),
    Member("linear", characters=False, intents=False, experts=2),
    Member("linear", characters=True, intents=True, experts=1),
]
each_member = pytest.mark.parametrize("member", FAMILY, ids=str)


class Scored(NamedTuple):
    intent_log_probs_BI: NDArray[np.float32]
    emissions_BTK: NDArray[np.float32]


def encoder_config(encoder: str) -> EncoderConfig:
    """The config of an encoder, or of several side by side."""
    if "|" in encoder:
        parts = {part.replace("-", "_"): encoder_config(part) for part in encoder.split(" | ")}
        return EncoderConfig(kind="parallel", parts=parts)
    return EncoderConfig(kind=encoder, hidden_size=10, layers=2)  # type: ignore[arg-type]  # of a table


@cache
def network_of(member: Member) -> JointNetwork:
    torch.manual_seed(0)
    config = JointConfig(
        embedder=EmbedderConfig(
            word_size=12,
            character_size=5,
            character_filters=4 if member.characters else 0,
            character_gru=3 if member.characters and "bigru" in member.encoder else 0,
        ),
        encoder=encoder_config(member.encoder),
        mlp_size=9,
        experts=member.experts,
    )
    labels = Labels(
        domains=(),
        intents=("a", "b", "c") if member.intents else (),
        intent_domains=(),
        slots=("s", "t"),
        domain_slots=(),
        scheme="BIO",
    )
    network = JointNetwork(labels, n_words=N_WORDS, n_characters=N_CHARACTERS, config=config).eval()
    for name, parameter in network.named_parameters():
        if "bias_" in name:  # equal biases of a GRU, such as zeros, would be one initialiser
            torch.nn.init.normal_(parameter, std=0.1)
    return network


class Pair(NamedTuple):
    """Both graphs of a network."""

    embed: onnx.ModelProto
    score: onnx.ModelProto


@cache
def models_of(member: Member, *, small: bool = False) -> Pair:
    """A small gated CNN and a small biSRU compute in integers."""
    network = network_of(member)
    seen = [random_batch(ragged(32, 33), n_distinct=40, n_characters=9)]
    scales = input_scales(network, seen) if small else {}
    return Pair(embed_graph(network, small=small), score_graph(network, small=small, input_scales=scales))


@cache
def sessions_of(member: Member, *, small: bool = False) -> tuple[onnxruntime.InferenceSession, ...]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return tuple(
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for model in models_of(member, small=small)
    )


def run(member: Member, batch: Batch, *, small: bool = False) -> Scored:
    embed, score = sessions_of(member, small=small)
    words = {"word_rows_U": batch.word_ids_U, "characters_UC": batch.characters_UC}
    (vectors_UE,) = embed.run(["vectors_UE"], words)
    feeds = {"vectors_UE": vectors_UE, "words_BT": batch.words_BT, "lengths_B": batch.lengths_B}
    return Scored(*score.run(list(Scored._fields), feeds))


def run_torch(member: Member, batch: Batch) -> Scored:
    return Scored(*TorchNetworks([network_of(member)], None).score(batch, 0))


def random_batch(lengths: list[int], *, n_distinct: int, n_characters: int) -> Batch:
    """A batch as `collate` makes them: row 0 of the distinct words is padding, and so is what lies beyond a length."""
    random = np.random.default_rng([*lengths, n_distinct, n_characters])
    words_BT = random.integers(1, n_distinct + 1, (len(lengths), max(lengths)))
    words_BT[np.arange(max(lengths)) >= np.array(lengths)[:, None]] = 0
    distinct = tuple(
        Word(
            id=int(random.integers(1, N_WORDS)),
            characters=random.integers(
                1, N_CHARACTERS, random.integers(1, n_characters + 1), dtype=np.int32
            ).tobytes(),
            feature_ids=(),
            hash=0,
        )
        for _ in range(n_distinct)
    )
    features_BF = np.zeros((len(lengths), 1), dtype=np.int64)
    return Batch(words_BT, distinct, features_BF, np.array(lengths, dtype=np.int32))


def ragged(n_rows: int, n_tokens: int) -> list[int]:
    """Lengths from n_tokens down to 1."""
    return [max(1, round(n_tokens * (n_rows - row) / n_rows)) for row in range(n_rows)]


def row_of(batch: Batch, index: int) -> Batch:
    """One utterance as it is alone: its own words only, no padding beyond the longest of them."""
    remaining, words_T = np.unique(batch.words_BT[index, : batch.lengths_B[index]], return_inverse=True)
    return Batch(
        words_T[None] + 1,
        tuple(batch.distinct[u - 1] for u in remaining),
        batch.features_BF[:1],
        batch.lengths_B[index : index + 1],
    )


@pytest.mark.parametrize(("n_rows", "n_tokens"), [*product(ROWS, TOKENS)])
@each_member
def test_the_graph_equals_the_network(member: Member, n_rows: int, n_tokens: int) -> None:
    for n_distinct, n_characters in product(WORDS, CHARACTERS):
        batch = random_batch(ragged(n_rows, n_tokens), n_distinct=n_distinct, n_characters=n_characters)
        actual, expected = run(member, batch), run_torch(member, batch)
        assert actual.intent_log_probs_BI.shape == (n_rows, 3 if member.intents else 0)
        assert actual.intent_log_probs_BI == pytest.approx(expected.intent_log_probs_BI, abs=1e-5)
        inside_BT = np.arange(n_tokens) < batch.lengths_B[:, None]
        assert actual.emissions_BTK[inside_BT] == pytest.approx(expected.emissions_BTK[inside_BT], abs=1e-5)


@pytest.mark.parametrize("small", [False, True])
@each_member
def test_alone_equals_in_company(member: Member, small: bool) -> None:
    batch = random_batch(ragged(32, 33), n_distinct=40, n_characters=9)
    together = run(member, batch, small=small)
    for index, length in enumerate(batch.lengths_B.tolist()):
        alone = run(member, row_of(batch, index), small=small)
        assert together.intent_log_probs_BI[index] == pytest.approx(alone.intent_log_probs_BI[0], abs=1e-5)
        assert together.emissions_BTK[index, :length] == pytest.approx(alone.emissions_BTK[0], abs=1e-5)


@pytest.mark.parametrize("encoder", ["bisru", "gated-cnn", "linear"])
def test_a_projection_of_words_is_made_once_a_word(encoder: str) -> None:
    models = models_of(Member(encoder, characters=True, intents=True))
    assert "encoder.projection.weight" in {tensor.name for tensor in models.embed.graph.initializer}
    assert "encoder.projection.weight" not in {tensor.name for tensor in models.score.graph.initializer}


@each_member
def test_small_storage_stays_close(member: Member) -> None:
    """Codes of seven and eight bits come within a tenth, widened weights within thousandths."""
    batch = random_batch(ragged(32, 33), n_distinct=40, n_characters=9)
    actual, expected = run(member, batch, small=True), run(member, batch)
    error = 1e-1 if member.encoder in ("bisru", "gated-cnn") else 5e-3
    assert actual.intent_log_probs_BI == pytest.approx(expected.intent_log_probs_BI, abs=error)
    assert actual.emissions_BTK == pytest.approx(expected.emissions_BTK, abs=error)


@each_member
def test_small_storage_is_int8_for_words_recurrences_and_integer_products_and_float16_for_all_else(
    member: Member,
) -> None:
    stored = stored_by(models_of(member, small=True))
    parameters = {name: kind for name, (kind, _) in stored.items() if not name.startswith("constant")}
    int8 = {"embedder.words.weight", *INT8.get(member.encoder, ())}
    assert {name for name, kind in parameters.items() if kind == np.int8} == int8
    scales = {f"{name}.scale" for name in int8}
    assert {name for name, kind in parameters.items() if kind == np.float32} == scales
    assert {kind for name, kind in parameters.items() if name not in int8 | scales} == {np.dtype(np.float16)}


@each_member
def test_initialisers_bear_the_names_and_shapes_of_parameters(member: Member) -> None:
    """But for an LSTM's, which ONNX stacks, and the head's, which is another graph's."""
    stored = {name: shape for name, (_, shape) in stored_by(models_of(member)).items()}
    elsewhere = {
        "bilstm": ("head.", "encoder.layers."),
        "bilstm | gated-cnn": ("head.", "encoder.parts.bilstm.layers."),
        "expert-bilstm": ("head.", "encoder.recurrent.layers."),
        "bilstm | expert-bilstm": (
            "head.",
            "encoder.parts.bilstm.layers.",
            "encoder.parts.expert_bilstm.recurrent.layers.",
        ),
    }.get(member.encoder, ("head.",))
    for name, values in network_of(member).named_parameters():
        if not name.startswith(elsewhere):
            assert stored[name] == tuple(values.shape)
    if member.encoder == "bilstm":
        assert [stored[f"encoder.layers.1.{part}"] for part in "WRB"] == [(2, 40, 20), (2, 40, 10), (2, 80)]


@pytest.mark.parametrize("encoder", ["bisru", "gated-cnn"])
def test_an_integer_weight_has_the_name_and_the_shape_of_its_parameter(encoder: str) -> None:
    member = Member(encoder, characters=True, intents=True)
    stored = stored_by(models_of(member, small=True))
    for name, values in network_of(member).named_parameters():
        if name in INT8[encoder]:
            assert stored[name] == (np.dtype(np.int8), tuple(values.shape))
            assert stored[f"{name}.scale"] == (np.dtype(np.float32), tuple(values.shape[:1]))


def stored_by(models: Pair) -> dict[str, tuple[np.dtype[np.generic], tuple[int, ...]]]:
    """Type and shape of each initialiser; none is in both graphs, but for what is called a constant."""
    return {
        tensor.name: (onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type), tuple(tensor.dims))
        for model in models
        for tensor in model.graph.initializer
    }


RUN_EVERY_SHAPE = """
import json, sys
from itertools import product
import numpy as np
import onnx
import onnxruntime

pairs, *sizes = json.loads(sys.argv[1])
for pair in pairs:
    embed, score = (onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]) for graph in pair)
    for rows, tokens, words, characters in product(*sizes):
        letters = np.ones((words + 1, characters), np.int64)
        (vectors_UE,) = embed.run(None, {"word_rows_U": np.arange(words + 1), "characters_UC": letters})
        feeds = {
            "vectors_UE": vectors_UE,
            "words_BT": np.ones((rows, tokens), np.int64),
            "lengths_B": np.full(rows, tokens, np.int32),
        }
        score.run(None, feeds)
"""


def test_the_runtime_warns_of_nothing_on_any_shape(tmp_path: Path) -> None:
    pairs = []
    for number, (member, small) in enumerate(product(FAMILY, (False, True))):
        pair = [tmp_path / f"{number}-embed.onnx", tmp_path / f"{number}-score.onnx"]
        for graph, model in zip(pair, models_of(member, small=small), strict=True):
            graph.write_bytes(model.SerializeToString())
        pairs.append([str(graph) for graph in pair])
    job = json.dumps([pairs, ROWS, TOKENS, WORDS, CHARACTERS])
    command = [sys.executable, "-c", RUN_EVERY_SHAPE, job]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own script
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
