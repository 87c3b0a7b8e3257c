"""A bundle as a finished run: it answers as the bundle does, teaches, is exported again, and says what it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from polyparse.cli.main import main
from polyparse.errors import ConfigError
from polyparse.runtime.load import load
from tests.model_export.checkpoints import CONFIG, export, untrained
from tests.train import corpus
from train.bundle_start import BundleStart, open_bundle
from train.checkpoint import Checkpoint
from train.cpu_seconds import of_all
from train.ensemble import Ensemble
from train.finished import parser_of
from train.models.maxent import MaxEntConfig
from train.models.word_bag import WordBagConfig
from train.recipes import RECIPES
from train.unpacked import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.contract.frame import Frame


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return corpus.write_massive(tmp_path_factory.mktemp("spec") / "corpus")


@pytest.fixture(scope="module")
def bundle(checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared checkpoint, exported."""
    folder = tmp_path_factory.mktemp("bundle") / "1"
    export(checkpoint, folder)
    return folder


@pytest.fixture(scope="module")
def run(bundle: Path, spec: str, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The bundle, unpacked by the command."""
    folder = tmp_path_factory.mktemp("unpacked") / "run"
    assert main(["unpack", str(bundle), "--corpus", spec, "--out", str(folder)]) == 0
    return Checkpoint(folder)


def said(frame: Frame) -> object:
    """What a frame says, but for how sure it is: a run's confidences are not calibrated."""
    spans = [(slot.name, slot.start, slot.end) for slot in frame.slots]
    return frame.domain and frame.domain.name, frame.intent and frame.intent.name, spans


def test_it_says_what_the_bundle_says(run: Checkpoint, bundle: Path) -> None:
    utterances = [example.utterance for example in corpus.examples("dev")]
    frames = parser_of(run).parse(utterances)
    expected = load(bundle, device="cpu", threads=1).parser.parse(utterances)
    assert [said(frame) for frame in frames] == [said(frame) for frame in expected]
    assert all(frame.intent is not None for frame in frames)


def test_it_has_what_the_run_had_that_the_bundle_is_of(run: Checkpoint, checkpoint: Checkpoint) -> None:
    assert run.complete
    assert (run.labels(), run.tables().vocabulary) == (checkpoint.labels(), checkpoint.tables().vocabulary)
    assert run.routing() == checkpoint.routing()
    assert run.run().config == checkpoint.run().config
    assert [example.text for example in run.dev()] == [example.text for example in corpus.examples("dev")]


def test_its_training_time_is_the_bundle_s(run: Checkpoint, bundle: Path) -> None:
    minutes = open_bundle(bundle).manifest.provenance.training_minutes
    seconds = of_all([run])
    assert seconds is not None
    assert minutes is not None
    assert seconds[str(run.folder.resolve())] == pytest.approx(60 * minutes)


def test_it_teaches_beside_the_run(run: Checkpoint, checkpoint: Checkpoint) -> None:
    ensemble = Ensemble([run, checkpoint])
    utterances = [example.utterance for example in corpus.examples("dev")]
    frames = ensemble.parser(checkpoint.routing()).parse(utterances)
    assert [said(frame) for frame in frames] == [
        said(frame) for frame in parser_of(checkpoint).parse(utterances)
    ]


def test_it_is_exported_again(run: Checkpoint, tmp_path: Path) -> None:
    export(run, tmp_path / "2")
    assert load(tmp_path / "2", device="cpu", threads=1).manifest.labels == run.labels()


def test_a_bag_of_words_is_read_back(spec: str, tmp_path: Path) -> None:
    bag = WordBagConfig(vector_size=4, size=3, hidden_size=5, epochs=1)
    classifier = replace(CONFIG.classifier or MaxEntConfig(), bag=bag)
    before = untrained(tmp_path / "run", replace(CONFIG, classifier=classifier))
    export(before, tmp_path / "1")
    after = Checkpoint(tmp_path / "unpacked")
    unpack(open_bundle(tmp_path / "1"), after, spec)
    (old, new) = (each.classifier() for each in (before, after))
    assert old is not None
    assert new is not None
    item = before.tables().vectorizer().item(corpus.examples("dev")[0].utterance)
    features_BF = np.array([item.features])
    assert new.bag is not None
    assert new.n_bag_only == old.n_bag_only
    assert new.log_probs(features_BF)[0] == pytest.approx(old.log_probs(features_BF)[0], abs=0.1)


def test_where_the_config_is_of_another_version_its_recipe_stands(
    bundle: Path, spec: str, tmp_path: Path
) -> None:
    manifest = open_bundle(bundle).manifest
    gone = {**manifest.provenance.config, "gone": 1}
    start = BundleStart(bundle, replace(manifest, provenance=replace(manifest.provenance, config=gone)))
    with pytest.raises(ConfigError, match="found recipe 'tiny', expected one of stm"):
        unpack(start, Checkpoint(tmp_path / "run"), spec)
    gone["recipe"] = "stm-small"
    assert RECIPES["stm-small"]().joint != CONFIG.joint
    with pytest.raises(ConfigError, match="expected those of the network"):
        unpack(start, Checkpoint(tmp_path / "run"), spec)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_is_left_alone(
    bundle: Path, spec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("kept", encoding="utf-8")
    assert main(["unpack", str(bundle), "--corpus", spec, "--out", str(tmp_path)]) == 2
    assert "expected an empty or a new folder" in capsys.readouterr().err
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == '["mine"]'
