"""What is said of refusals is recorded of the bundle's own score, or measured on the bundle; nothing is made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import refusal
from benchmarks.errors import MeasurementFailed
from benchmarks.unseen_domains import record as openset
from polyparse.contract.frame import Utterance
from polyparse.inference.ood import Rejection
from polyparse.runtime.load import Parser
from polyparse.schema import unstructure
from tests.bundles import GOLDEN, edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = {"surprise": 1.0, "unknown_share": 2.0}


def record(tmp_path: Path, **figures: object) -> Path:
    file = tmp_path / "openset.json"
    file.write_text(json.dumps({"figures": figures}), encoding="utf-8")
    return file


def weighing(weights: dict[str, float], *, times: float = 1.0) -> dict[str, object]:
    """The weights as a record has them."""
    return {f"weight_{name}": times * weight for name, weight in weights.items()}


def judging(tmp_path: Path, weights: dict[str, float] | None) -> Parser:
    folder = write_bundle(tmp_path / "words" / "1")
    if weights is not None:
        edit_manifest(folder, rejection=unstructure(Rejection(threshold=0.6, weights=weights, bias=-1.0)))
    return Parser.load(folder, device="cpu")


def figures(parser: Parser, file: Path) -> dict[str, float]:
    own = parser.parse([Utterance(entry.text, entry.locale) for entry in GOLDEN])
    return refusal.figures(parser, own, file)


def test_a_record_is_read_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = record(tmp_path, ood_auroc=0.93, bias=0.1, **weighing(WEIGHTS))
    assert openset.figures(file) == {"ood_auroc": 0.93}
    assert openset.weights(file) == WEIGHTS
    assert f"not measured now, read from {file}" in capsys.readouterr().out


@pytest.mark.parametrize("auroc", [1.5, -0.1, "0.9", None, True])
def test_a_figure_that_is_no_share_is_refused(tmp_path: Path, auroc: object) -> None:
    with pytest.raises(MeasurementFailed, match=r"ood_auroc: found .*, expected a number from 0 to 1"):
        openset.figures(record(tmp_path, ood_auroc=auroc))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": 0.9}'])
def test_what_is_no_record_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "openset.json"
    file.write_text(text, encoding="utf-8")
    for read in (openset.figures, openset.weights):
        with pytest.raises(MeasurementFailed, match=r"openset\.json: .*expected"):
            read(file)
    with pytest.raises(MeasurementFailed, match=r"absent\.json: found no figures"):
        openset.figures(tmp_path / "absent.json")


def test_a_bundle_that_judges_nothing_tells_nothing_apart(tmp_path: Path) -> None:
    """Whatever a record says of others."""
    file = record(tmp_path, ood_auroc=0.93, **weighing(WEIGHTS))
    assert figures(judging(tmp_path, None), file) == {"ood_auroc": 0.5, "refused_share": 0.0}


def test_a_record_of_the_bundles_score_counts_whatever_its_scale(tmp_path: Path) -> None:
    found = figures(
        judging(tmp_path, WEIGHTS), record(tmp_path, ood_auroc=0.93, **weighing(WEIGHTS, times=3))
    )
    assert found["ood_auroc"] == 0.93
    assert found["phrases_auroc"] > 0.9  # the bundle knows none of their words
    assert found["phrases_refused_share"] > 0.9
    assert found["refused_share"] == 0.0


@pytest.mark.parametrize(
    "other", [{"surprise": 1.0}, {"surprise": 1.0, "unknown_share": -2.0}, {"surprise": 0.0}, {}]
)
def test_a_record_of_another_score_is_refused(tmp_path: Path, other: dict[str, float]) -> None:
    with pytest.raises(MeasurementFailed, match="expected those of the bundle's score"):
        figures(judging(tmp_path, WEIGHTS), record(tmp_path, ood_auroc=0.93, **weighing(other)))
