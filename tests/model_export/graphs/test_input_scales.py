"""Scales of inputs: chosen by what a layer reads, for the layers that can use them, and left alone otherwise."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from model_export.graphs.input_scales import SAMPLE_SIZE, input_scales, sample
from polyparse.contract.frame import Utterance
from polyparse.inference.batches import BATCH_SIZE
from polyparse.text.vectorizer import Item
from tests.model_export.graphs.test_score import INT8, Member, network_of, ragged, random_batch

GATED = Member("gated-cnn", characters=True, intents=True)


@pytest.mark.parametrize("encoder", ["bisru", "gated-cnn"])
def test_every_layer_over_tokens_of_an_encoder_that_runs_in_integers_has_one(encoder: str) -> None:
    batch = random_batch(ragged(8, 9), n_distinct=20, n_characters=5)
    scales = input_scales(network_of(GATED._replace(encoder=encoder)), [batch])
    assert {f"{name}.weight" for name in scales} == set(INT8[encoder])
    assert min(scales.values()) > 0


@pytest.mark.parametrize("encoder", ["bilstm", "cnn", "linear"])
def test_other_encoders_have_none(encoder: str) -> None:
    batch = random_batch([3], n_distinct=2, n_characters=2)
    assert input_scales(network_of(Member(encoder, characters=True, intents=True)), [batch]) == {}


def test_without_utterances_there_are_none() -> None:
    assert input_scales(network_of(GATED), sample([])) == {}


def test_a_scale_follows_what_the_layer_reads_and_the_network_is_left_as_it_was() -> None:
    """Encoded tokens of twice the size, twice the scale of what reads them."""
    batch = random_batch(ragged(8, 9), n_distinct=20, n_characters=5)
    network = deepcopy(network_of(GATED._replace(characters=False)))
    before = input_scales(network, [batch])["slots.hidden"]
    with torch.no_grad():
        for name, parameter in network.encoder.named_parameters():
            if name in ("norm.weight", "norm.bias"):
                parameter.mul_(2)
    assert input_scales(network, [batch])["slots.hidden"] == pytest.approx(2 * before)
    assert not any(part._forward_pre_hooks for part in network.modules())


def test_the_sample_is_the_same_each_time_of_like_lengths_and_no_larger_than_it_says() -> None:
    words = random_batch([1], n_distinct=1, n_characters=1).distinct
    items = [Item(Utterance("x"), [], [], list(words) * (1 + n % 30), [0]) for n in range(SAMPLE_SIZE + 500)]
    actual = sample(items)
    assert sum(len(batch.lengths_B) for batch in actual) == SAMPLE_SIZE
    assert all(len(batch.lengths_B) <= BATCH_SIZE for batch in actual)
    lengths = [length for batch in actual for length in batch.lengths_B.tolist()]
    assert lengths == sorted(lengths)
    assert [length for batch in sample(items) for length in batch.lengths_B.tolist()] == lengths
