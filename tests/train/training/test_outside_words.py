"""A run that knows words from outside: it learns, goes on to the same, and its bundle knows the words in one table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from model_export.bundle.request import Request
from model_export.bundle.write import write_bundle
from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from tests.train.corpus import examples
from tests.train.embeddings.made_encoder import MadeEncoder, made_list
from tests.train.tiny import SHORT, TINY
from tests.train.training.test_fit import QUIET, Interrupting, log, networks, same, start, train
from train.checkpoint import Checkpoint
from train.config import BlockStart, MaskedWordsConfig, ParameterGroup, RunConfig
from train.embeddings import sentence_encoder, word_lists
from train.ensemble import Ensemble
from train.finished import parser_of
from train.stream_config import StreamConfig
from train.training.fit import fit
from train.training.run import OtherTask, Parents, Texts

if TYPE_CHECKING:
    from pathlib import Path

MEANINGS = {"kettle": "alarm", "tetera": "alarma"}
"""To the made encoder the added words mean what words of the corpus mean."""
ADDED = ("kettle", "tetera", "harbour")


def knowing(config: RunConfig, **changes: Any) -> RunConfig:
    embedder = replace(
        config.joint.embedder, **{"outside_size": 8, "outside_words": 3, "word_dropout": 0.3, **changes}
    )
    return replace(config, joint=replace(config.joint, embedder=embedder))


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages are made ones."""
    monkeypatch.setattr(sentence_encoder, "pretrained", lambda: MadeEncoder(MEANINGS))
    monkeypatch.setattr(word_lists, "wordfreq_list", made_list)


def test_added_words_stand_last_in_the_vocabulary_and_answer_like_words_of_their_meaning(
    tmp_path: Path,
) -> None:
    checkpoint, measures = train(tmp_path / "run", knowing(TINY))
    assert checkpoint.tables().vocabulary.words[-3:] == ADDED
    assert measures["mean"]["exact_match"] > 0.9
    parser = parser_of(checkpoint)
    for locale, text in (("en-US", "set a kettle for tomorrow"), ("es-ES", "pon una tetera para mañana")):
        (frame,) = parser.parse([Utterance(text, locale)])
        assert frame.intent is not None
        assert frame.intent.name == "alarm_set"
    assert {"outside_vectors", "words", "added"} <= {key for line in log(checkpoint) for key in line}


def test_a_stopped_run_comes_to_the_same(tmp_path: Path) -> None:
    whole, _ = train(tmp_path / "whole", knowing(SHORT))
    stopped = start(tmp_path / "stopped", knowing(SHORT))
    texts = Texts(examples(), examples())
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, knowing(SHORT), texts, Interrupting("epoch", 1))
    fit(stopped, knowing(SHORT), texts, QUIET)
    assert same(networks(whole), networks(stopped))


def test_a_run_that_starts_from_one_knows_its_words_from_outside_too(tmp_path: Path) -> None:
    first, _ = train(tmp_path / "first", knowing(SHORT))
    second = start(tmp_path / "second", knowing(SHORT))
    fit(second, knowing(SHORT), Texts(examples(), examples()), QUIET, Parents(start=first))
    assert second.tables().vocabulary == first.tables().vocabulary
    outside = "embedder.outside"
    assert networks(second)[0][outside].equal(networks(first)[0][outside])
    assert networks(second)[0][outside].any()


def reading(config: RunConfig) -> RunConfig:
    """With the encoder itself."""
    return replace(knowing(config), joint=replace(knowing(config).joint, pretrained_size=4))


def test_the_encoder_itself_learns_on_and_is_the_same_after_a_stop(tmp_path: Path) -> None:
    whole, measures = train(tmp_path / "whole", reading(SHORT))
    stopped = start(tmp_path / "stopped", reading(SHORT))
    with pytest.raises(KeyboardInterrupt):
        fit(stopped, reading(SHORT), Texts(examples(), examples()), Interrupting("epoch", 1))
    fit(stopped, reading(SHORT), Texts(examples(), examples()), QUIET)
    assert same(networks(whole), networks(stopped))
    learnt = networks(whole)[0]["pretrained.layers.pool.weight"]
    assert not learnt.equal(torch.from_numpy(MadeEncoder().layers()["pool.weight"]))
    assert measures["mean"]["exact_match"] > 0
    frames = parser_of(whole).parse([Utterance("set a kettle for tomorrow", "en-US")])
    assert frames[0].intent is not None
    assert Ensemble([whole, stopped]).parser(whole.routing()).parse([Utterance("set a kettle", "en-US")])


def test_a_frozen_encoder_stays_as_it_was(tmp_path: Path) -> None:
    optim = replace(SHORT.optim, groups=(ParameterGroup(pattern="pretrained.layers.*", rate=0.0),))
    checkpoint, _ = train(tmp_path / "run", replace(reading(SHORT), optim=optim))
    weights = networks(checkpoint)[0]
    for name, expected in MadeEncoder().layers().items():
        assert weights[f"pretrained.layers.{name}"].equal(torch.from_numpy(expected)), name


def test_an_encoder_needs_outside_vectors() -> None:
    with pytest.raises(ConfigError, match=r"pretrained_size: found 4 without outside vectors"):
        replace(SHORT.joint, pretrained_size=4)


def test_what_hides_words_hides_no_pieces() -> None:
    with pytest.raises(ConfigError, match=r"pretrained_size: found 4, expected 0 with masked_words"):
        replace(reading(SHORT), masked_words=MaskedWordsConfig(epochs=1))


def test_a_network_with_an_encoder_is_not_exported(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", reading(SHORT))
    with pytest.raises(ConfigError, match=r"joint.pretrained_size: found 4, expected 0"):
        write_bundle(checkpoint, tmp_path / "bundle", Request(name="made", version="1"), say=print)
    assert not (tmp_path / "bundle").exists()


def test_hidden_words_are_named_among_those_that_training_has(tmp_path: Path) -> None:
    config = replace(knowing(SHORT, min_word_count=2), masked_words=MaskedWordsConfig(epochs=1))
    checkpoint, _ = train(tmp_path / "run", config)
    assert any("masked_words" in line for line in log(checkpoint))


def test_in_an_ensemble_a_word_is_what_the_member_makes_of_it_from_outside(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", knowing(SHORT))
    vectors_VE = torch.from_numpy(Ensemble([checkpoint]).word_vectors_VE())
    ids = checkpoint.tables().vocabulary.word_ids
    assert len(vectors_VE) == checkpoint.tables().vocabulary.size
    assert not vectors_VE[ids["kettle"]].allclose(vectors_VE[ids["harbour"]])


def test_without_outside_vectors_nothing_is_added(tmp_path: Path) -> None:
    checkpoint, _ = train(tmp_path / "run", SHORT)
    assert checkpoint.outside_vectors() is None
    assert not {*ADDED} & {*checkpoint.tables().vocabulary.words}


def test_a_run_of_a_stream_refuses_them(tmp_path: Path) -> None:
    config = replace(knowing(SHORT), stream=StreamConfig(on=True))
    with pytest.raises(ConfigError, match=r"outside_size: found 8 in a run with a stream, expected 0"):
        fit(start(tmp_path / "run", config), config, Texts(examples(), examples()), QUIET)


BY_WORD = (
    BlockStart(pattern="embedder.words.*", start="by word"),
    BlockStart(pattern="embedder.outside_map.*", start="fresh"),
    BlockStart(pattern="*", start="copy"),
)


@pytest.mark.parametrize("first", [SHORT, knowing(SHORT)], ids=["a run without", "one that has some"])
def test_a_transfer_plan_takes_the_rows_of_words_that_training_has(first: RunConfig, tmp_path: Path) -> None:
    source, _ = train(tmp_path / "source", first)
    unchanged = replace(SHORT.optim, learning_rate=0.0, weight_decay=0.0)
    config = replace(knowing(SHORT, outside_words=2), init=BY_WORD, optim=unchanged)
    target = start(tmp_path / "target", config)
    fit(target, config, Texts(examples(), examples()), QUIET, Parents(start=source))
    assert target.tables().vocabulary.words[-2:] == ADDED[:2]
    table = "embedder.words.weight"
    assert networks(target)[0][table].equal(networks(source)[0][table])
    assert networks(target)[0]["embedder.outside"][-2:].any(dim=1).all()


def test_a_run_with_another_task_refuses_them(tmp_path: Path) -> None:
    other = OtherTask("other", "massive:x", Texts(examples(), examples()), Checkpoint(tmp_path / "other"))
    texts = Texts(examples(), examples(), others=[other])
    with pytest.raises(ConfigError, match=r"in a run with other tasks \(--also\), expected 0"):
        fit(start(tmp_path / "run", knowing(SHORT)), knowing(SHORT), texts, QUIET)
