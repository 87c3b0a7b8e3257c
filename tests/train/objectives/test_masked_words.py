"""Naming hidden words: what is hidden is not seen, what is learnt is the language, and a stopped run comes to the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.errors import ConfigError
from polyparse.text.vectorizer import collate
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN
from tests.train.corpus import examples
from tests.train.tiny import SHORT, parts, with_joint
from tests.train.training.test_fit import QUIET, Interrupting, log, networks, same, start, train
from train.config import MaskedWordsConfig
from train.models.joint import Tensors
from train.objectives.masked_words import Foreign, hide, learn
from train.training.fit import Elders, Texts, fit
from train.training.loop import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from train.config import RunConfig
    from train.objectives.masked_words import Learnt

TOWERS = with_joint(SHORT, encoder="gated-cnn + bilstm", companion=replace(SHORT.joint.encoder, kind="bisru"))


def masked(config: RunConfig, epochs: int) -> RunConfig:
    return replace(config, masked_words=MaskedWordsConfig(epochs=epochs))


def learnt(epochs: int, config: RunConfig = SHORT) -> tuple[Trainer, Learnt]:
    task, tables = parts(config, examples())
    trainer = Trainer(task, tables, config)
    return trainer, learn(trainer.network, task.train, masked(config, epochs))


def by_locale(locale: str) -> tuple[list[Example], list[Example]]:
    """The training utterances of one locale, and the others'."""
    own = [example for example in examples() if example.locale == locale]
    return own, [example for example in examples() if example.locale != locale]


def test_hidden_words_come_to_be_named_by_what_is_around_them() -> None:
    _, early = learnt(1)
    _, late = learnt(80)
    assert early.right < 0.2
    assert late.right > 0.6
    assert late.loss < 0.3 * early.loss


def test_a_hidden_token_is_read_as_unknown_and_the_others_as_they_are() -> None:
    task, _ = parts(SHORT, examples())
    tensors = Tensors.of(collate(task.train[:8]))
    hidden_BT = torch.zeros_like(tensors.words_BT, dtype=torch.bool)
    hidden_BT[2, 1] = hidden_BT[5, 0] = True
    found = hide(tensors, hidden_BT)
    rows_BT, before_BT = (each.word_rows_U[each.words_BT] for each in (found, tensors))
    letters_BTC, letters_before_BTC = (each.characters_UC[each.words_BT] for each in (found, tensors))
    assert (rows_BT[hidden_BT] == UNKNOWN).all()
    assert (letters_BTC[hidden_BT] == PADDING).all()
    assert rows_BT[~hidden_BT].equal(before_BT[~hidden_BT])
    assert letters_BTC[~hidden_BT].equal(letters_before_BTC[~hidden_BT])
    assert not (before_BT[hidden_BT] == UNKNOWN).any()


def test_embedder_and_every_encoder_learn_and_nothing_else_does() -> None:
    task, tables = parts(TOWERS, examples())
    before = {name: value.clone() for name, value in Trainer(task, tables, TOWERS).network.named_parameters()}
    trainer, _ = learnt(1, TOWERS)
    for name, value in trainer.network.named_parameters():
        learns = name.startswith("embedder.") or "encoder." in name
        assert value.equal(before[name]) != learns, name
    assert (trainer.network.embedder.words.weight[PADDING] == 0.0).all()


def test_words_of_other_locales_are_named_too_and_left_behind() -> None:
    own, others = by_locale("en-US")
    task, tables = parts(SHORT, own)
    trainer = Trainer(task, tables, SHORT)
    words = trainer.network.embedder.words
    before = words.weight.clone()
    foreign = Foreign.read(others, tables.vocabulary, min_word_count=1)
    found = learn(trainer.network, task.train, masked(SHORT, 80), foreign)
    assert found.right > 0.6
    assert trainer.network.embedder.words is words
    assert words.weight.shape == before.shape
    assert not words.weight[FIRST:].equal(before[FIRST:])


def test_a_word_of_several_locales_has_one_row_and_the_others_stand_behind_the_networks_own() -> None:
    own, others = by_locale("en-US")
    _, tables = parts(SHORT, own)
    foreign = Foreign.read(others, tables.vocabulary, min_word_count=2)
    rows = {
        item.utterance.text[start:end]: word.row
        for item in foreign.items
        for start, end, word in zip(item.starts, item.ends, item.words, strict=True)
    }
    known = tables.vocabulary.word_rows
    assert rows["simone"] == known["simone"]
    assert rows["अलार्म"] >= tables.vocabulary.n_rows
    assert rows["svegliami"] == UNKNOWN
    assert sorted(row for row in rows.values() if row >= tables.vocabulary.n_rows) == list(
        range(tables.vocabulary.n_rows, tables.vocabulary.n_rows + foreign.n_words)
    )


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


@pytest.mark.parametrize("all_locales", [False, True])
def test_a_run_reads_the_text_of_other_locales_where_it_is_asked_to(
    all_locales: bool, tmp_path: Path
) -> None:
    own, others = by_locale("en-US")
    settings = MaskedWordsConfig(epochs=1, all_locales=all_locales)
    config = replace(SHORT, classifier=None, masked_words=settings)
    assert config.reads_translations == all_locales
    runs = []
    for name, translations in (("alone", []), ("beside", others)):
        checkpoint = start(tmp_path / name, config)
        fit(checkpoint, config, Texts(own, own, translations), QUIET)
        runs.append(networks(checkpoint))
    assert [weights.keys() for weights in runs[0]] == [weights.keys() for weights in runs[1]]
    assert same(*runs) != all_locales


def test_a_run_that_starts_from_another_has_its_words_already(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "first", SHORT)
    checkpoint = start(tmp_path / "second", masked(SHORT, 2))
    fit(checkpoint, masked(SHORT, 2), Texts(examples(), examples()), QUIET, Elders(first))
    assert not [line for line in log(checkpoint) if "masked_words" in line]


@pytest.mark.parametrize("wrong", [{"epochs": -1}, {"share": 1.5}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MaskedWordsConfig(**wrong)  # type: ignore[arg-type]  # of its fields
