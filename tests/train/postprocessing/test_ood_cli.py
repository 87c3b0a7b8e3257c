"""`polyparse rejection`: a threshold for a trained model, written where export finds it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.unseen_domains.evidence import gather
from polyparse.cli.main import main
from polyparse.contract.frame import Utterance
from polyparse.evaluation.ood_phrases import PHRASES
from polyparse.inference.ood import Rejection, scores
from polyparse.schema import unstructure
from polyparse.text.tokens import tokenise
from tests.benchmarks.unseen_domains import toy
from train.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = Rejection(threshold=1.0, weights={"surprise": 0.8, "unknown_share": 0.4}, bias=-1.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rejection")
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
    assert (
        main(["rejection", "--checkpoint", str(trained / "run"), "--weights", str(weights), "--share=0.02"])
        == 0
    )
    found = checkpoint.rejection()
    assert found is not None
    assert replace(found, threshold=1.0) == WEIGHTS
    vectorizer, pipeline = checkpoint.pipeline()
    items = [vectorizer.item(Utterance(example.text, example.locale)) for example in checkpoint.dev()]
    assert (scores(found, gather(pipeline, items)) > found.threshold).mean() <= 0.02
    printed = capsys.readouterr().out
    assert "dev refused: 0.0000 of 4 (en-US 0.0000)" in printed
    assert f"of {len(PHRASES['en-US'])} (en-US" in printed


def test_the_weights_found_on_massive_are_there_by_default(trained: Path) -> None:
    assert main(["rejection", "--checkpoint", str(trained / "run")]) == 0
    assert Checkpoint(trained / "run").rejection() is not None


def test_what_training_had_is_put_down_where_a_signal_reads_it(trained: Path, tmp_path: Path) -> None:
    weights = trained / "against-text.json"
    against = replace(WEIGHTS, weights={"novelty": 2.0, "atypicality": 1.0})
    weights.write_text(json.dumps(unstructure(against)), encoding="utf-8")
    checkpoint = Checkpoint(trained / "run")
    asked = ["rejection", "--checkpoint", str(trained / "run"), "--weights", str(weights)]
    assert main(asked) == 0
    seen = checkpoint.seen_text()
    assert seen is not None
    vectorizer, pipeline = checkpoint.pipeline()
    texts = [text for texts in toy.TEXTS.values() for text in texts[:-1]]
    found = gather(pipeline, [vectorizer.item(Utterance(text)) for text in texts])
    assert found.novelty_B is not None
    assert (found.novelty_B == 0).any()
    moved = toy.write(tmp_path / "moved")
    (checkpoint.folder / "seen_text.npz").unlink()
    assert main([*asked, "--corpus", moved]) == 0
    again = checkpoint.seen_text()
    assert again is not None
    assert (again.ngrams_N == seen.ngrams_N).all()


def test_a_run_that_did_not_end_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rejection", "--checkpoint", str(tmp_path)]) == 2
    assert "found no finished run" in capsys.readouterr().err


def test_weights_that_are_none_are_refused(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = trained / "none.json"
    weights.write_text("{}", encoding="utf-8")
    assert main(["rejection", "--checkpoint", str(trained / "run"), "--weights", str(weights)]) == 2
    assert "found no key 'threshold'" in capsys.readouterr().err


def test_a_share_above_what_is_promised_is_refused(trained: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["rejection", "--checkpoint", str(trained / "run"), "--share", "0.5"])


@pytest.mark.parametrize("locale", PHRASES)
def test_phrases_are_many_and_all_different(locale: str) -> None:
    phrases = PHRASES[locale]
    assert len(set(phrases)) == len(phrases) >= 20
    assert all(tokenise(phrase) for phrase in phrases)
