"""A calibration is judged on utterances that it was not fitted to, and as it is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.calibration import figures
from benchmarks.errors import MeasurementFailed
from polyparse.contract.frame import Utterance
from polyparse.corpora.example import Example, TextSpan
from polyparse.inference.calibration import Calibration, Scale
from polyparse.runtime.load import load
from polyparse.schema import unstructure
from tests.bundles import edit_manifest, write_bundle
from train.postprocessing.calibration import fit
from train.postprocessing.calibration_data import calibration_data_of

if TYPE_CHECKING:
    from pathlib import Path

NOUNS = ("alarm", "lights")
INTENTS = {"alarm": ("alarm", "alarm_set"), "lights": ("iot", "lights_off")}


def corpus(n: int, *, wrong_every: int) -> list[Example]:
    """The bundle is sure of every one of them, and wrong about the intent of one in `wrong_every`."""
    actual = []
    for number in range(n):
        noun = NOUNS[number % 2]
        domain, intent = INTENTS[noun if number % wrong_every else NOUNS[(number + 1) % 2]]
        text = f"{noun} at seven please number {number}"
        start = text.index("seven")
        slots = (TextSpan("time", start, start + len("seven")),)
        actual.append(Example(str(number), text, "en-US", "dev", domain, intent, slots))
    return actual


def fitted(folder: Path, examples: list[Example]) -> Calibration:
    loaded = load(folder, device="cpu")
    items = [loaded.parser.prepare(Utterance(example.text, example.locale)) for example in examples]
    calibration = fit(calibration_data_of(loaded.parser, items, examples, loaded.manifest.routing))
    assert calibration is not None
    return calibration


def figures_of(folder: Path, examples: list[Example]) -> dict[str, float]:
    return figures(load(folder, device="cpu"), examples)


def test_a_model_that_is_too_sure_is_found_out(tmp_path: Path) -> None:
    errors = figures_of(write_bundle(tmp_path / "words" / "1"), corpus(620, wrong_every=5))
    assert errors["ece_intent"] == pytest.approx(0.2, abs=0.01)
    assert errors["ece"] == errors["ece_uncalibrated"]
    assert errors["ece"] == max(errors[f"ece_{measure}"] for measure in ("intent", "domain", "frame"))


def test_a_fitted_calibration_mends_it(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    examples = corpus(620, wrong_every=5)
    edit_manifest(folder, calibration=unstructure(fitted(folder, examples)))
    errors = figures_of(folder, examples)
    assert errors["ece_uncalibrated"] == pytest.approx(0.2, abs=0.01)
    assert errors["ece"] < 0.1


def test_a_wrong_calibration_shows_however_well_it_could_be_fitted(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    wrong = Calibration(pooled=Scale(intent_temperature=50.0), locales={})
    edit_manifest(folder, calibration=unstructure(wrong))
    assert figures_of(folder, corpus(620, wrong_every=5))["ece_intent"] > 0.2


def test_too_few_utterances_are_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    edit_manifest(folder, calibration=unstructure(Calibration(pooled=Scale(), locales={})))
    with pytest.raises(MeasurementFailed, match="found 1 utterances, expected at least two"):
        figures_of(folder, corpus(1, wrong_every=5))
