"""Naming hidden words: what is hidden is not seen, what is learnt is the language, and a stopped run comes to the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import PADDING, UNKNOWN
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from tests.train.training.test_fit import QUIET, Interrupting, log, networks, same, start, train
from train.config import MaskedWordsConfig
from train.models.joint import BatchTensors
from train.objectives.masked_words import hide, learn
from train.training.fit import Parents, Texts, fit
from train.training.loop import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from train.config import RunConfig
    from train.objectives.masked_words import MaskedWordsResult

TWO_BRANCHES = with_joint(SHORT, encoder="gated-cnn + bilstm")


def masked(config: RunConfig, epochs: int) -> RunConfig:
    return replace(config, masked_words=MaskedWordsConfig(epochs=epochs))


def learnt(epochs: int, config: RunConfig = SHORT) -> tuple[Trainer, MaskedWordsResult]:
    task, tables = parts(config, examples())
    trainer = Trainer(task, tables, config)
    return trainer, learn(trainer.network, task.train, masked(config, epochs))


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
    untrained = Trainer(task, tables, TWO_BRANCHES).network
    before = {name: value.clone() for name, value in untrained.named_parameters()}
    trainer, _ = learnt(1, TWO_BRANCHES)
    for name, value in trainer.network.named_parameters():
        learns = name.startswith("embedder.") or "encoder." in name
        assert value.equal(before[name]) != learns, name
    assert (trainer.network.embedder.words.weight[PADDING] == 0.0).all()


def test_frozen_words_stay() -> None:
    frozen = with_joint(SHORT, embedder=replace(SHORT.joint.embedder, freeze_words=True))
    task, tables = parts(frozen, examples())
    before = Trainer(task, tables, frozen).network.embedder.words.weight.clone()
    trainer, _ = learnt(1, frozen)
    assert trainer.network.embedder.words.weight.equal(before)


@pytest.mark.parametrize("at", [("iteration", 2), ("batch", 1), ("epoch", 1)])
def test_a_run_stopped_anywhere_ends_as_an_uninterrupted_one(at: tuple[str, int], tmp_path: Path) -> None:
    config = replace(masked(SHORT, 2), classifier=None)
    whole, expected = train(tmp_path / "whole", config)
    checkpoint = start(tmp_path / "stopped", config)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint, config, Texts(examples(), examples()), Interrupting(*at))
    assert fit(checkpoint, config, Texts(examples(), examples()), QUIET) == expected
    assert same(networks(checkpoint), networks(whole))
    assert log(checkpoint) == log(whole)
    (line,) = [line for line in log(whole) if "masked_words" in line]
    assert line["masked_words"] == 2
    plain, _ = train(tmp_path / "plain", replace(SHORT, classifier=None))
    assert not same(networks(plain), networks(whole))


def test_a_run_that_starts_from_another_has_its_words_already(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "first", SHORT)
    checkpoint = start(tmp_path / "second", masked(SHORT, 2))
    fit(checkpoint, masked(SHORT, 2), Texts(examples(), examples()), QUIET, Parents(first))
    assert not [line for line in log(checkpoint) if "masked_words" in line]


def test_each_epoch_is_announced_with_its_number() -> None:
    task, tables = parts(SHORT, examples())
    numbers: list[int] = []
    learn(Trainer(task, tables, SHORT).network, task.train, masked(SHORT, 3), on_epoch=numbers.append)
    assert numbers == [1, 2, 3]
