"""A finished run is evaluated as a bundle is: it answers, says what it is, and what is no such run is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError, DeviceUnavailable
from polyparse.evaluation.evaluate import answer, served_locale
from polyparse.evaluation.system import routing_in_words
from train.evaluated_checkpoint import open_checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


def test_a_checkpoint_answers_in_any_locale(checkpoint: Checkpoint) -> None:
    system = open_checkpoint(checkpoint.folder, "auto")
    dev = checkpoint.dev()
    frames, refused = answer(system.parser, dev)
    assert not refused
    assert frames[0].intent is not None
    assert frames[0].intent.name == dev[0].intent
    assert [frame.locale for frame in frames] == [example.locale for example in dev]
    assert served_locale(system.parser, "xx-XX") == "xx-XX"


def test_its_facts_are_those_of_its_run(checkpoint: Checkpoint) -> None:
    system, run = open_checkpoint(checkpoint.folder, "cpu"), checkpoint.run()
    assert system.title == f"tiny, checkpoint {checkpoint.folder.name}"
    assert system.facts["Checkpoint"] == str(checkpoint.folder)
    assert system.facts["Run by"] == "PyTorch on cpu"
    assert system.facts["Slot decoding"] == "crf"
    assert system.facts["Routing"] == routing_in_words(checkpoint.routing(), "shared")
    assert system.facts["Recipe"] == "tiny, seed 1"
    assert system.facts["Trained on"] == "massive:corpus (en-US, es-ES, hi-IN, it-IT)"
    assert system.facts["Trained by"] == f"commit {run.git_commit}, {run.created}"


def test_a_checkpoint_does_not_run_on_a_gpu(checkpoint: Checkpoint) -> None:
    with pytest.raises(DeviceUnavailable, match="--device cuda: found a checkpoint, expected a bundle"):
        open_checkpoint(checkpoint.folder, "cuda")


def test_what_is_no_checkpoint_or_an_unfinished_one_is_refused(
    tmp_path: Path, checkpoint: Checkpoint
) -> None:
    with pytest.raises(ConfigError, match=r"found no run\.json, expected a checkpoint folder"):
        open_checkpoint(tmp_path, "cpu")
    (tmp_path / "run.json").write_bytes((checkpoint.folder / "run.json").read_bytes())
    with pytest.raises(ConfigError, match="found a run that has not ended"):
        open_checkpoint(tmp_path, "cpu")
