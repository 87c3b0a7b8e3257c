"""`polyparse ood`: a threshold for a trained model, written where export finds it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from polyparse.cli.main import main
from polyparse.contract.frame import Utterance
from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.inference.ood import OodScore
from polyparse.schema import unstructure
from tests.benchmarks.unseen_domains import toy
from train.checkpoint import Checkpoint
from train.finished import parser_of

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = OodScore(threshold=1.0, weights={"tempered_domain_entropy": 0.8, "unknown_words": 0.4}, bias=-1.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ood")
    spec = toy.write(folder / "corpus")
    sets = [f"--set={key}" for key in ("optim.epochs=2", "joint.encoder.hidden_size=8", "joint.mlp_size=8")]
    assert main(["train", "stm", "--corpus", spec, "--out", str(folder / "run"), "--quiet", *sets]) == 0
    return folder


def test_the_threshold_is_written_and_refuses_no_more_than_asked(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = trained / "weights.json"
    weights.write_text(json.dumps(unstructure(WEIGHTS)), encoding="utf-8")
    checkpoint = Checkpoint(trained / "run")
    assert main(["ood", "--checkpoint", str(trained / "run"), "--weights", str(weights), "--share=0.02"]) == 0
    ood = checkpoint.ood()
    assert ood is not None
    assert replace(ood, threshold=1.0) == WEIGHTS
    parser = parser_of(checkpoint)
    items = [parser.vectorizer.item(example.utterance) for example in checkpoint.dev()]
    assert (ood.scores(parser.evidence(items)) > ood.threshold).mean() <= 0.02
    printed = capsys.readouterr().out
    assert "dev refused: 0.0000 of 4 (en-US 0.0000)" in printed
    assert f"of {len(PHRASES['en-US'])} (en-US" in printed


def test_the_weights_found_on_massive_are_there_by_default(trained: Path) -> None:
    assert main(["ood", "--checkpoint", str(trained / "run")]) == 0
    assert Checkpoint(trained / "run").ood() is not None


def test_what_training_had_is_put_down_where_a_signal_reads_it(trained: Path, tmp_path: Path) -> None:
    weights = trained / "against-text.json"
    against = replace(WEIGHTS, weights={"unseen_ngrams": 2.0, "domain_log_ratio": 1.0})
    weights.write_text(json.dumps(unstructure(against)), encoding="utf-8")
    checkpoint = Checkpoint(trained / "run")
    command = ["ood", "--checkpoint", str(trained / "run"), "--weights", str(weights)]
    assert main(command) == 0
    training_text = checkpoint.training_text()
    assert training_text is not None
    parser = parser_of(checkpoint)
    texts = [text for texts in toy.TEXTS.values() for text in texts[:-1]]
    evidence = parser.evidence([parser.vectorizer.item(Utterance(text)) for text in texts])
    assert evidence.unseen_ngrams_B is not None
    assert (evidence.unseen_ngrams_B == 0).any()
    assert evidence.domain_log_ratio_B is not None
    moved = toy.write(tmp_path / "moved")
    (checkpoint.folder / "training_text.npz").unlink()
    assert main([*command, "--corpus", moved]) == 0
    again = checkpoint.training_text()
    assert again is not None
    assert (again.ngrams_N == training_text.ngrams_N).all()
    assert (again.log_ratios_VD == training_text.log_ratios_VD).all()


def test_a_run_that_did_not_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ood", "--checkpoint", str(tmp_path)]) == 2
    assert "found no finished run" in capsys.readouterr().err


def test_weights_that_are_none_are_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = trained / "none.json"
    weights.write_text("{}", encoding="utf-8")
    assert main(["ood", "--checkpoint", str(trained / "run"), "--weights", str(weights)]) == 2
    assert "found no key 'threshold'" in capsys.readouterr().err


def test_weights_that_are_nowhere_are_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = trained / "nowhere.json"
    assert main(["ood", "--checkpoint", str(trained / "run"), "--weights", str(nowhere)]) == 2
    assert f"{nowhere}: found no readable file" in capsys.readouterr().err


def test_a_signal_that_is_not_known_is_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = trained / "surprise.json"
    content = {**unstructure(WEIGHTS), "weights": {"surprise": 1.0}}
    weights.write_text(json.dumps(content), encoding="utf-8")
    assert main(["ood", "--checkpoint", str(trained / "run"), "--weights", str(weights)]) == 2
    assert "found signal 'surprise'" in capsys.readouterr().err


def test_a_share_above_what_is_promised_is_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ood", "--checkpoint", str(trained / "run"), "--share", "0.5"]) == 2
    assert "argument --share: found '0.5', expected 0 to 0.02" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ood.json", "training_text.npz"])
def test_what_cannot_be_written_is_refused_before_the_work(
    name: str, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(trained / "run", tmp_path / "run")
    (run / name).unlink(missing_ok=True)
    (run / name).mkdir()
    assert main(["ood", "--checkpoint", str(run), "--corpus", "massive:absent"]) == 2
    assert capsys.readouterr() == (
        "",
        f"polyparse: {run / name}: found a folder, expected a file or none, to write to\n",
    )
