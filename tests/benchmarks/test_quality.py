"""Quality is that of the bundle's own bytes: accuracy as MASSIVE scores it, size, and a figure for every target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks import corpus, quality
from benchmarks.quality import TARGETS, Plan, accuracy, goals, measure, megabytes
from polyparse.evaluation.evaluate import answer
from polyparse.runtime.load import load
from tests.model_export.checkpoints import export, trained
from tests.train import corpus as tiny

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.corpora.example import Example
    from polyparse.inference.parser import Parser


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on a corpus that it knows by heart."""
    folder = tmp_path_factory.mktemp("quality")
    export(trained(folder / "run"), folder / "models" / "tiny" / "1", refuse=False)
    return folder / "models" / "tiny" / "1"


@pytest.fixture(scope="module")
def parser(bundle: Path) -> Parser:
    return load(bundle, device="cpu").parser


def of(parser: Parser, examples: list[Example]) -> dict[str, float]:
    frames, _ = answer(parser, examples)
    return accuracy(examples, frames)


def test_what_is_learnt_by_heart_is_right(parser: Parser) -> None:
    actual = of(parser, tiny.examples("dev"))
    assert {key: actual[key] for key in quality.GOALS} == dict.fromkeys(quality.GOALS, 1.0)


def test_the_lowest_locale_is_among_the_figures(parser: Parser) -> None:
    """One of the two Italian utterances gets another truth; a locale weighs as much as any other."""
    examples = tiny.examples("dev")
    last = max(row for row, example in enumerate(examples) if example.locale == "it-IT")
    examples[last] = replace(examples[last], intent="music_louder")
    actual = of(parser, examples)
    exact = {locale: actual[f"exact_match_{locale}"] for locale in corpus.LOCALES}
    assert exact == {"en-US": 1.0, "es-ES": 1.0, "it-IT": 0.5, "hi-IN": 1.0}
    assert actual["lowest_exact_match"] == 0.5
    assert actual["exact_match"] == actual["intent_accuracy"] == 0.875
    assert actual["slot_f1"] == 1.0


def test_an_utterance_that_the_service_would_refuse_counts_as_wrong(parser: Parser) -> None:
    examples = tiny.examples("dev")
    blank = replace(examples[0], text=" ", slots=())
    actual = of(parser, [blank, *examples[1:]])
    assert actual[f"exact_match_{blank.locale}"] == 0.5


def test_every_target_has_a_figure(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan(utterances=8, alone=2, rounds=1, record=tmp_path / "absent.json")
    result = measure(bundle, tiny.write_massive(tmp_path / "massive"), plan)
    assert TARGETS.keys() <= result.figures.keys()
    assert result.figures["exact_match"] == 1.0
    assert result.figures["ood_auroc"] == 0.5
    assert result.figures["bundle_mb"] == megabytes(bundle)
    assert "goal exact_match >= 0.71: found 1, reached" in capsys.readouterr().out


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    tmp_path.joinpath("weights").write_bytes(bytes(1_500_000))
    tmp_path.joinpath("below").mkdir()
    tmp_path.joinpath("below", "card").write_bytes(bytes(500_000))
    assert megabytes(tmp_path) == 2.0


def test_a_goal_says_whether_it_is_reached() -> None:
    shown = goals({"exact_match": 0.71, "intent_accuracy": 0.8, "slot_f1": 0.82}).splitlines()
    assert [line.rpartition(", ")[2] for line in shown] == ["reached", "not yet", "reached"]
