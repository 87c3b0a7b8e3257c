"""Naming hidden words: what is hidden is not seen, what is learnt is the language, and a stopped run comes to the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import PADDING, UNKNOWN
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from tests.train.training.test_fit import QUIET, Interrupting, log, networks, same, start, train
from train.config import MaskedWordsConfig
from train.models.joint import BatchTensors
from train.objectives.masked_words import hide
from train.training.fit import fit
from train.training.pretraining import learn_masked_words
from train.training.run import Parents, Texts
from train.training.trainer import build_network

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint
    from train.config import RunConfig
    from train.models.joint import JointNetwork
    from train.training.pretraining import MaskedWordsResult

TWO_BRANCHES = with_joint(SHORT, encoder="gated-cnn + bilstm")


def masked(config: RunConfig, epochs: int) -> RunConfig:
    return replace(config, masked_words=MaskedWordsConfig(epochs=epochs))


def learnt(epochs: int, config: RunConfig = SHORT) -> tuple[JointNetwork, MaskedWordsResult]:
    task, tables = parts(config, examples())
    network = build_network(task, tables, config)
    return network, learn_masked_words(network, task.train, masked(config, epochs))


def test_hidden_words_come_to_be_named_by_what_is_around_them() -> None:
    _, early = learnt(1)
    _, late = learnt(80)
    assert early.right < 0.2
    assert late.right > 0.6
    assert late.loss < 0.3 * early.loss


def test_a_hidden_token_is_read_as_unknown_and_the_others_as_they_are() -> None:
    task, _ = parts(SHORT, examples())
    tensors = BatchTensors.of(collate(task.train[:8]))
    hidden_BT = torch.zeros_like(tensors.words_BT, dtype=torch.bool)
    hidden_BT[2, 1] = hidden_BT[5, 0] = True
    masked_tensors = hide(tensors, hidden_BT)
    ids_BT, before_BT = (each.word_ids_U[each.words_BT] for each in (masked_tensors, tensors))
    letters_BTC, letters_before_BTC = (
        each.characters_UC[each.words_BT] for each in (masked_tensors, tensors)
    )
    assert (ids_BT[hidden_BT] == UNKNOWN).all()
    assert (letters_BTC[hidden_BT] == PADDING).all()
    assert ids_BT[~hidden_BT].equal(before_BT[~hidden_BT])
    assert letters_BTC[~hidden_BT].equal(letters_before_BTC[~hidden_BT])
    assert not (before_BT[hidden_BT] == UNKNOWN).any()


def test_embedder_and_every_encoder_learn_and_nothing_else_does() -> None:
    task, tables = parts(TWO_BRANCHES, examples())
    untrained = build_network(task, tables, TWO_BRANCHES)
    before = {name: value.clone() for name, value in untrained.named_parameters()}
    network, _ = learnt(1, TWO_BRANCHES)
    for name, value in network.named_parameters():
        learns = name.startswith("embedder.") or "encoder." in name
        assert value.equal(before[name]) != learns, name
    assert (network.embedder.words.weight[PADDING] == 0.0).all()


def test_frozen_words_stay() -> None:
    frozen = with_joint(SHORT, embedder=replace(SHORT.joint.embedder, freeze_words=True))
    task, tables = parts(frozen, examples())
    before = build_network(task, tables, frozen).embedder.words.weight.clone()
    network, _ = learnt(1, frozen)
    assert network.embedder.words.weight.equal(before)


RUN = replace(masked(SHORT, 2), classifier=None)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkpoint, dict[str, Any]]:
    """What RUN comes to when nobody stops it."""
    return train(tmp_path_factory.mktemp("masked") / "whole", RUN)


def test_what_was_learnt_of_hidden_words_stays_in_the_network(
    uninterrupted: tuple[Checkpoint, dict[str, Any]], tmp_path: Path
) -> None:
    plain, _ = train(tmp_path / "plain", replace(SHORT, classifier=None))
    assert not same(networks(plain), networks(uninterrupted[0]))


@pytest.mark.parametrize("at", [("iteration", 2), ("batch", 1), ("epoch", 1)])
def test_a_run_stopped_anywhere_ends_as_an_uninterrupted_one(
    uninterrupted: tuple[Checkpoint, dict[str, Any]], at: tuple[str, int], tmp_path: Path
) -> None:
    whole, expected = uninterrupted
    checkpoint = start(tmp_path / "stopped", RUN)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, RUN, Texts(examples(), examples()), Interrupting(*at))
    assert fit(checkpoint, RUN, Texts(examples(), examples()), QUIET) == expected
    assert same(networks(checkpoint), networks(whole))
    assert log(checkpoint) == log(whole)
    (line,) = [line for line in log(whole) if "masked_words" in line]
    assert line["masked_words"] == 2


def test_a_run_that_starts_from_another_has_its_words_already(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "first", SHORT)
    checkpoint = start(tmp_path / "second", masked(SHORT, 2))
    fit(checkpoint, masked(SHORT, 2), Texts(examples(), examples()), QUIET, Parents(first))
    assert not [line for line in log(checkpoint) if "masked_words" in line]


def test_each_epoch_is_announced_with_its_number() -> None:
    task, tables = parts(SHORT, examples())
    numbers: list[int] = []
    learn_masked_words(
        build_network(task, tables, SHORT), task.train, masked(SHORT, 3), on_epoch=numbers.append
    )
    assert numbers == [1, 2, 3]
