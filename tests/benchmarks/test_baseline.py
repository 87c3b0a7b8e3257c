"""Our CRF and CRFsuite, over the same features, tag alike."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from benchmarks import baseline, corpus
from benchmarks.baseline import measure, span_f1
from polyparse.corpora.example import Example
from tests.train import corpus as tiny
from train.models.token_crf import TokenCrfConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Texts = tuple[Sequence[Example], Sequence[Example]]


def of_the_tests() -> Texts:
    return tiny.examples(), tiny.examples("dev") + tiny.examples("test")


def slice_of_massive() -> Texts:
    train, dev = (
        corpus.examples(os.environ[corpus.VARIABLE], partition=partition, locales=["en-US"])
        for partition in ("train", "dev")
    )
    return train[::16], dev[::2]


CORPORA = {"the tests' own": of_the_tests}
if corpus.is_present(os.environ.get(corpus.VARIABLE, "")):
    CORPORA["MASSIVE"] = slice_of_massive
CONVERGED = TokenCrfConfig(min_feature_count=1, max_iterations=100, tolerance=1e-7)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["O", "I-a", "I-a", "I-b"], 1.0),
        (["O", "I-a", "I-b", "I-b"], 0.0),
        (["O", "I-a", "I-a", "O"], 2 / 3),
        (["O", "O", "O", "O"], 0.0),
        (["I-b", "I-a", "I-a", "I-b"], 0.8),
    ],
)
def test_a_span_is_right_in_its_slot_and_both_ends(tags: list[str], expected: float) -> None:
    assert span_f1([["O", "I-a", "I-a", "I-b"]], [tags], "IO") == pytest.approx(expected)


def test_spans_of_other_utterances_do_not_count() -> None:
    assert span_f1([["I-a"], ["O"]], [["O"], ["I-a"]], "IO") == 0.0


def test_without_crfsuite_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(baseline, "import_module", absent)
    spec = tiny.write_massive(tmp_path / "corpus")
    assert baseline.main(["--corpus", spec, "--iterations", "1"]) == 2
    assert "found no module pycrfsuite, expected it: pip install python-crfsuite" in capsys.readouterr().err


@pytest.mark.needs_tools("pycrfsuite")
def test_on_the_test_corpus_both_give_the_same_tags() -> None:
    figures = measure(*of_the_tests(), CONVERGED).figures
    assert figures["same_tags"] == 1.0
    assert figures["ours_f1"] == figures["crfsuite_f1"] > 0.5


@pytest.mark.needs_tools("pycrfsuite")
@pytest.mark.parametrize("texts", CORPORA.values(), ids=CORPORA)
def test_it_is_within_three_tenths_of_a_point_of_crfsuite(texts: Callable[[], Texts]) -> None:
    result = measure(*texts(), TokenCrfConfig())
    assert result.passed, result.table()
    assert result.figures["ours_f1"] > 0.4
