"""A bundle as the start of a run: what is read of it, and what cannot be started from."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from polyparse.bundle.manifest import FILE
from polyparse.errors import ChecksumMismatch, ConfigError
from tests.model_export.checkpoints import CONFIG, export, untrained
from train.bundle_start import BundleStart, is_bundle, open_bundle
from train.config import BlockStart
from train.models.maxent import MaxEntConfig
from train.recipes import RECIPES
from train.recipes.few import PLAN
from train.training.initialisation import check_start, source_of

if TYPE_CHECKING:
    from pathlib import Path

    from train.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def bundle(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared checkpoint, exported."""
    folder = tmp_path_factory.mktemp("start") / "1"
    export(checkpoint, folder)
    return folder


def test_it_has_the_run_s_words_labels_and_weights(bundle: Path, checkpoint: Checkpoint) -> None:
    assert (is_bundle(bundle), is_bundle(checkpoint.folder)) == (True, False)
    weights, rows = source_of(open_bundle(bundle))
    assert rows.vocabulary == checkpoint.tables().vocabulary
    assert rows.labels == checkpoint.labels()
    trained = checkpoint.read("network-0")
    assert weights.keys() == trained.keys()
    for name, parameter in trained.items():
        torch.testing.assert_close(
            weights[name], parameter, rtol=0, atol=float(parameter.abs().max()) / 60, msg=name
        )


def test_its_training_time_counts(bundle: Path) -> None:
    start = open_bundle(bundle)
    minutes = start.manifest.provenance.training_minutes
    assert minutes is not None
    assert (start.seconds() or {})[str(bundle.resolve())] == pytest.approx(60 * minutes)


def test_a_recipe_without_a_plan_says_which_one_has_one(bundle: Path) -> None:
    with pytest.raises(ConfigError, match=r"found a bundle, but no transfer plan .* as few"):
        check_start(CONFIG, open_bundle(bundle))


def test_a_plan_s_recipe_takes_it(bundle: Path) -> None:
    check_start(RECIPES["few"](), open_bundle(bundle))
    assert PLAN[0] == BlockStart(pattern="embedder.words.*", start="by word")


def test_a_changed_byte_is_found(bundle: Path, tmp_path: Path) -> None:
    for file in bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest = json.loads((tmp_path / FILE).read_bytes())
    score = tmp_path / manifest["networks"][0]["graphs"]["cpu"]["score"]
    score.write_bytes(score.read_bytes()[:-1] + b"\0")
    with pytest.raises(ChecksumMismatch):
        open_bundle(tmp_path)


def test_a_file_that_is_no_graph_is_named(bundle: Path, tmp_path: Path) -> None:
    for file in bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    manifest = open_bundle(bundle).manifest
    file = tmp_path / manifest.networks[0].graphs["cpu"].score
    file.write_bytes(b"no graph")
    with pytest.raises(ConfigError, match=f"{file}: found no graph"):
        BundleStart(tmp_path, manifest).weights()


def test_a_network_for_each_domain_is_refused(tmp_path: Path) -> None:
    """Which of them would a plan's blocks be taken from?"""
    classifier = replace(CONFIG.classifier or MaxEntConfig(), classes="domains")
    config = replace(CONFIG, topology="per-domain", routing="hard", classifier=classifier)
    folder = tmp_path / "1"
    export(untrained(tmp_path / "run", config), folder)
    with pytest.raises(ConfigError, match="found a bundle with a network for each domain"):
        open_bundle(folder)
