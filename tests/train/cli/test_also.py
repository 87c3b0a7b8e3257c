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
