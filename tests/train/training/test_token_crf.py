"""A run of the CRF baseline: what it leaves, how it resumes, and what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.errors import ConfigError
from tests.model_export.checkpoints import started
from tests.train import corpus
from tests.train.tiny import SHORT
from train.checkpoint import Checkpoint
from train.config import BlockStart
from train.finished import networks_of
from train.models.maxent import MaxEntConfig
from train.models.token_crf import TokenCrf, TokenCrfConfig
from train.progress import SilentProgress
from train.recipes import RECIPES
from train.training.fit import fit
from train.training.run import Parents, Texts

if TYPE_CHECKING:
    from pathlib import Path

    from train.config import RunConfig

CONFIG = replace(
    RECIPES["maxent-crf"](),
    classifier=MaxEntConfig(min_feature_count=1, l2=1e-4),
    token_crf=TokenCrfConfig(min_feature_count=1, kept_features=60, max_iterations=20, tolerance=0.0),
)
EXAMPLES = [example for example in corpus.examples() if example.locale == "en-US"]
TEXTS = Texts(EXAMPLES, EXAMPLES)


def run(folder: Path, config: RunConfig = CONFIG) -> Checkpoint:
    checkpoint = started(folder, config)
    fit(checkpoint, config, TEXTS, SilentProgress())
    return checkpoint


def weights(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    (network,) = networks_of(checkpoint)
    return dict(network.state_dict())


def assert_same(actual: Checkpoint, expected: Checkpoint) -> None:
    for name, values in weights(expected).items():
        assert torch.equal(weights(actual)[name], values)
    tables, others = actual.tables().token_features, expected.tables().token_features
    assert tables is not None
    assert others is not None
    assert tables.hashes.tolist() == others.hashes.tolist()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return run(tmp_path_factory.mktemp("run") / "whole")


def test_it_has_learnt_the_corpus_with_the_features_it_keeps(whole: Checkpoint) -> None:
    (network,) = networks_of(whole)
    assert isinstance(network, TokenCrf)
    assert network.weights_FK.shape[0] == 1 + 60 == 1 + whole.tables().n_token_features
    measures = whole.read("measures")["mean"]
    assert measures["intent_accuracy"] == 1.0
    assert measures["slot_f1"] >= 0.9
    assert whole.routing().joint_weight == 0.0


def test_each_period_is_logged_with_its_loss_and_time(whole: Checkpoint) -> None:
    lines = [entry for entry in whole.run_log.entries() if "slot_loss" in entry]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
    assert lines[0]["features"] == lines[1]["features"] > lines[2]["features"] == lines[3]["features"] == 60
    assert lines[1]["slot_loss"] <= lines[0]["slot_loss"]
    assert all(line["cpu_seconds"] >= 0 for line in lines)


@pytest.mark.parametrize("period", [1, 2, 3])
def test_a_run_that_is_stopped_after_a_period_resumes_to_the_same_weights(
    period: int, tmp_path: Path, whole: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, log = started(tmp_path / "run", CONFIG), Checkpoint.log

    def interrupt(self: Checkpoint, entry: dict[str, object]) -> None:
        log(self, entry)
        if entry.get("epoch") == period:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "log", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(checkpoint, CONFIG, TEXTS, SilentProgress())
    fit(checkpoint, CONFIG, TEXTS, SilentProgress())
    assert_same(checkpoint, whole)


@pytest.mark.parametrize("last", ["token_features", "routing"])
def test_a_run_that_is_stopped_between_its_last_files_resumes_to_the_same_ones(
    last: str, tmp_path: Path, whole: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is not written once its network is there: neither the table of the features kept nor what follows it."""
    checkpoint, save = started(tmp_path / "run", CONFIG), Checkpoint.save

    def interrupt(self: Checkpoint, name: str, value: object) -> None:
        if name == last and self.has("network-0"):
            raise KeyboardInterrupt
        save(self, name, value)

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(checkpoint, CONFIG, TEXTS, SilentProgress())
    fit(checkpoint, CONFIG, TEXTS, SilentProgress())
    assert_same(checkpoint, whole)


@pytest.mark.parametrize("parents", ["start", "teachers"])
def test_it_neither_starts_from_another_run_nor_is_taught(
    parents: str, tmp_path: Path, whole: Checkpoint
) -> None:
    others = Parents(start=whole) if parents == "start" else Parents(teachers=[whole])
    with pytest.raises(
        ConfigError, match="token_crf: found a run to start from or to be taught by, expected neither"
    ):
        fit(started(tmp_path / "run", CONFIG), CONFIG, TEXTS, SilentProgress(), others)


def test_it_learns_on_the_cpu_alone(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="--device meta: found token_crf, which learns on the CPU, expected cpu"
    ):
        fit(started(tmp_path / "run", CONFIG), CONFIG, TEXTS, SilentProgress(), device=torch.device("meta"))


def test_no_joint_network_starts_from_it(tmp_path: Path, whole: Checkpoint) -> None:
    checkpoint = started(tmp_path / "run", SHORT)
    with pytest.raises(
        ConfigError, match=r"--start .*whole: found recipe maxent-crf, expected one with a joint network"
    ):
        fit(checkpoint, SHORT, TEXTS, SilentProgress(), Parents(start=whole))


def test_a_lost_table_is_named(tmp_path: Path, whole: Checkpoint) -> None:
    checkpoint = started(tmp_path / "run", CONFIG)
    for name in ("labels.json", "vocabulary.json", "features.npy", "classifier.npz"):
        (checkpoint.folder / name).write_bytes((whole.folder / name).read_bytes())
    with pytest.raises(ConfigError, match=r"run: found no token_features\.npy, expected what the run wrote"):
        fit(checkpoint, CONFIG, TEXTS, SilentProgress())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"topology": "per-domain"}, "topology: found 'per-domain', expected 'shared' with token_crf"),
        ({"routing": "hard"}, "routing: found 'hard', expected 'soft' with token_crf"),
        ({"joint_weight": None}, r"joint_weight: found None, expected 0\.0 with token_crf"),
        ({"classifier": None}, r"classifier\.classes: found None, expected 'intents' with token_crf"),
        ({"classifier": MaxEntConfig(classes="domains")}, r"classifier\.classes: found 'domains'"),
        ({"init": (BlockStart(pattern="*", start="copy"),)}, r"init: found .*, expected \(\) with token_crf"),
    ],
)
def test_a_config_that_it_cannot_carry_out_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        replace(CONFIG, **changes)  # type: ignore[arg-type]  # of its fields
