"""A run that starts from another's checkpoint: the same tables, the same weights, and refusals where they would not fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.errors import ConfigError
from tests.train.corpus import examples, write_massive
from tests.train.tiny import SETTINGS, SHORT, with_joint
from train.checkpoint import Checkpoint
from train.cli.train import main
from train.progress import Progress
from train.run_record import RunRecord
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.config import RunConfig

QUIET = Progress(quiet=True)


def opened(folder: Path, config: RunConfig) -> Checkpoint:
    folder.mkdir()
    checkpoint = Checkpoint(folder)
    checkpoint.save("run", RunRecord(config, "massive:x", ("en-US",), "abc", {}, "2025-01-01T00:00:00+00:00"))
    return checkpoint


@pytest.fixture(scope="module")
def crf(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A finished CRF run on the test corpus."""
    checkpoint = opened(tmp_path_factory.mktemp("start") / "crf", SHORT)
    fit(checkpoint, SHORT, Texts(examples(), examples()), QUIET)
    return checkpoint


def test_an_ain_starts_with_the_weights_and_tables_of_a_crf(crf: Checkpoint, tmp_path: Path) -> None:
    """With a learning rate of zero and an average without memory, what comes out is what went in."""
    still = replace(SHORT.optim, learning_rate=0.0, weight_decay=0.0, epochs=1)
    ain = replace(with_joint(SHORT, head="ain"), optim=still)
    checkpoint = opened(tmp_path / "ain", ain)
    fit(checkpoint, ain, Texts(examples(), examples()), QUIET, Parents(crf))
    before, after = (each.find("network-0") for each in (crf, checkpoint))
    assert before is not None
    assert after is not None
    assert before.keys() == after.keys()
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)
    for name in ("vocabulary.json", "features.npy", "classifier.npz"):
        assert (checkpoint.folder / name).read_bytes() == (crf.folder / name).read_bytes()


def test_a_start_of_other_sizes_is_refused_by_the_parameter(crf: Checkpoint, tmp_path: Path) -> None:
    wider = with_joint(SHORT, mlp_size=50)
    with pytest.raises(ConfigError, match=r"intent\.hidden\.weight: found shape \(48, .*expected \(50,"):
        fit(opened(tmp_path / "wider", wider), wider, Texts(examples(), examples()), QUIET, Parents(crf))


def test_a_start_with_other_labels_is_refused(crf: Checkpoint, tmp_path: Path) -> None:
    other = replace(SHORT, scheme="IO")
    with pytest.raises(ConfigError, match="found other labels"):
        fit(opened(tmp_path / "other", other), other, Texts(examples(), examples()), QUIET, Parents(crf))


def test_an_unfinished_start_is_refused(tmp_path: Path) -> None:
    begun = opened(tmp_path / "begun", SHORT)
    with pytest.raises(ConfigError, match="found an unfinished run"):
        fit(opened(tmp_path / "run", SHORT), SHORT, Texts(examples(), examples()), QUIET, Parents(begun))


def test_the_run_says_what_it_started_from(tmp_path: Path) -> None:
    write_massive(tmp_path / "corpus")
    corpus = ["--corpus", f"massive:{tmp_path / 'corpus'}", "--quiet", *SETTINGS]
    assert main(["stm", *corpus, "--out", str(tmp_path / "crf")]) == 0
    started = ["stm-ain", *corpus, "--out", str(tmp_path / "ain"), "--start", str(tmp_path / "crf")]
    assert main(started) == 0
    run = Checkpoint(tmp_path / "ain").run()
    assert (run.start, run.start_recipe) == (str(tmp_path / "crf"), "stm")
