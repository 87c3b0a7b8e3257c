"""What is said of refusals is recorded of the bundle's own score, or measured on the bundle; nothing is made up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks import refusal
from benchmarks.errors import MeasurementFailed
from benchmarks.unseen_domains import record
from polyparse.contract.frame import Utterance
from polyparse.inference.ood import OodScore
from polyparse.runtime.load import LoadedBundle, load
from polyparse.schema import unstructure
from tests.bundles import GOLDEN, edit_manifest, write_bundle
from train.postprocessing.ood import MASSIVE_SCORE

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = {"tempered_domain_entropy": 1.0, "unknown_words": 2.0}


def write_record(tmp_path: Path, **figures: object) -> Path:
    file = tmp_path / "record.json"
    file.write_text(json.dumps({"figures": figures}), encoding="utf-8")
    return file


def weighing(weights: dict[str, float], *, times: float = 1.0) -> dict[str, object]:
    """The weights as a record has them."""
    return {f"weight_{name}": times * weight for name, weight in weights.items()}


def bundle_weighing(weights: dict[str, float] | None, tmp_path: Path) -> LoadedBundle:
    """A bundle whose out-of-domain score has these weights, or one without a score."""
    folder = write_bundle(tmp_path / "words" / "1")
    if weights is not None:
        edit_manifest(folder, ood=unstructure(OodScore(threshold=0.6, weights=weights, bias=-1.0)))
    return load(folder, device="cpu")


def figures(bundle: LoadedBundle, file: Path) -> dict[str, float]:
    frames = bundle.parser.parse([Utterance(entry.text, entry.locale) for entry in GOLDEN])
    return refusal.figures(bundle, frames, file)


def test_a_record_is_read_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_record(tmp_path, ood_auroc=0.93, bias=0.1, **weighing(WEIGHTS))
    assert record.figures(file) == {"ood_auroc": 0.93}
    assert record.weights(file) == WEIGHTS
    assert f"not measured now, read from {file}" in capsys.readouterr().out


def test_the_committed_record_is_of_the_weights_that_massive_models_get() -> None:
    assert record.weights(record.FILE) == pytest.approx(
        MASSIVE_SCORE.weights, abs=0.005
    )  # two digits are given


@pytest.mark.parametrize("auroc", [1.5, -0.1, "0.9", None, True])
def test_a_figure_that_is_no_share_is_refused(tmp_path: Path, auroc: object) -> None:
    with pytest.raises(MeasurementFailed, match=r"ood_auroc: found .*, expected a number from 0 to 1"):
        record.figures(write_record(tmp_path, ood_auroc=auroc))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"figures": 0.9}'])
def test_what_is_no_record_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.json"
    file.write_text(text, encoding="utf-8")
    for read in (record.figures, record.weights):
        with pytest.raises(MeasurementFailed, match=r"record\.json: .*expected"):
            read(file)
    with pytest.raises(MeasurementFailed, match=r"absent\.json: found no figures"):
        record.figures(tmp_path / "absent.json")


def test_a_bundle_that_judges_nothing_tells_nothing_apart(tmp_path: Path) -> None:
    """Whatever a record says of others."""
    file = write_record(tmp_path, ood_auroc=0.93, **weighing(WEIGHTS))
    assert figures(bundle_weighing(None, tmp_path), file) == {"ood_auroc": 0.5, "refused_share": 0.0}


def test_a_record_of_the_bundles_score_counts_whatever_its_scale(tmp_path: Path) -> None:
    file = write_record(tmp_path, ood_auroc=0.93, **weighing(WEIGHTS, times=3))
    actual = figures(bundle_weighing(WEIGHTS, tmp_path), file)
    assert actual["ood_auroc"] == 0.93
    assert actual["phrases_auroc"] > 0.9  # the bundle knows none of their words
    assert actual["phrases_refused_share"] > 0.9
    assert actual["refused_share"] == 0.0


OTHERS: list[dict[str, float]] = [
    {"tempered_domain_entropy": 1.0},
    {"tempered_domain_entropy": 1.0, "unknown_words": -2.0},
    {"tempered_domain_entropy": 0.0},
    {},
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_record_of_another_score_is_refused(tmp_path: Path, other: dict[str, float]) -> None:
    file = write_record(tmp_path, ood_auroc=0.93, **weighing(other))
    with pytest.raises(MeasurementFailed, match="expected those of the bundle's score"):
        figures(bundle_weighing(WEIGHTS, tmp_path), file)
