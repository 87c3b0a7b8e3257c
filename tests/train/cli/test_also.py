"""`polyparse train --also`: another task is learnt too, and becomes a finished run in a folder below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from tests.train.corpus import write_conll, write_massive, write_slots
from tests.train.tiny import SETTINGS
from train.checkpoint import Checkpoint
from train.cli.train import main

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS_OF_ALL = (*SETTINGS, "--set=optim.epochs=1", "--threads=1", "--quiet")


def test_other_tasks_are_runs_of_their_own_below_the_run(tmp_path: Path) -> None:
    """One without domains, one without intents; to resume, the command has to name both again."""
    slots, conll = write_slots(tmp_path / "slots"), write_conll(tmp_path / "conll")
    where = ["stm", "--corpus", write_massive(tmp_path / "massive"), "--out", str(tmp_path / "run")]
    also = [f"--also=plain={slots}", f"--also=names={conll}", "--set=sharing.weights.names=0.5"]
    assert main([*where, *also, *SETTINGS_OF_ALL]) == 0
    own, plain, names = (Checkpoint(tmp_path / "run" / below) for below in ("", "also/plain", "also/names"))
    assert all(each.complete for each in (own, plain, names))
    assert own.run().also == (f"plain={slots}", f"names={conll}")
    assert (plain.run().corpus, names.run().corpus) == (slots, conll)
    assert own.labels().domains
    assert plain.labels().intents
    assert not plain.labels().domains
    assert not names.labels().intents
    with pytest.raises(ConfigError, match="found a checkpoint with also"):
        main([*where, also[0], also[2], *SETTINGS_OF_ALL, "--resume"])


def test_a_task_without_a_name_is_refused(tmp_path: Path) -> None:
    corpus = write_slots(tmp_path / "slots")
    with pytest.raises(ConfigError, match=r"--also: found 'slots:.*', expected NAME=FORMAT:PATH"):
        main(["stm", "--corpus", corpus, "--out", str(tmp_path / "run"), f"--also={corpus}", "--quiet"])
    assert not (tmp_path / "run").exists()


def test_a_task_has_data_options_of_its_own_and_need_not_become_a_run(tmp_path: Path) -> None:
    """The run has the alarms of one locale, the source the rest of it; both corpora are one."""
    corpus = write_massive(tmp_path / "corpus")
    source = 'sharing.data.source={"locales": {"source": ["en-US"]}, "domains": ["music", "weather"]}'
    options = [
        f"--corpus={corpus}",
        "--locales=en-US",
        f"--out={tmp_path / 'run'}",
        f"--also=source={corpus}",
    ]
    settings = ['data.domains=["alarm"]', "data.choose_on=dev", "joint.embedder.min_word_count=1", source]
    settings += ["optim.epoch_steps=3", "optim.epochs=1"]
    assert main(["t-b", *options, "--threads=1", "--quiet", *(f"--set={one}" for one in settings)]) == 0
    run = Checkpoint(tmp_path / "run")
    assert not (tmp_path / "run" / "also").exists()
    assert set(run.labels().slots) == {"date", "time"}
    words = set(run.tables().vocabulary.words)
    assert {"wake", "songs", "sunny"} <= words
    assert words.isdisjoint({"siete", "canciones"}), "of a locale that is not the source's"


def test_data_options_that_a_tasks_corpus_does_not_have_are_refused(tmp_path: Path) -> None:
    corpus = write_massive(tmp_path / "corpus")
    command = ["t-b", f"--corpus={corpus}", f"--out={tmp_path / 'run'}", f"--also=source={corpus}", "--quiet"]
    with pytest.raises(
        ConfigError, match=r"sharing.data.source: data.domains: found 'sport', expected some of"
    ):
        main([*command, '--set=sharing.data.source.domains=["sport"]'])
    assert not (tmp_path / "run").exists()
