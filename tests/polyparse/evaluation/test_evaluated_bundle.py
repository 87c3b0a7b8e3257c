"""A bundle that is evaluated answers as it serves, says what it is, and is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from polyparse.bundle import state
from polyparse.bundle import store as bundle
from polyparse.bundle.state import Pointer, next_state
from polyparse.contract.frame import Utterance
from polyparse.errors import BundleError, DigestMismatch
from polyparse.evaluation.evaluated_bundle import open_bundle
from tests.bundles import GOLDEN, edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "words" / "1")
    return tmp_path


@pytest.mark.parametrize("place", [".", "words", "words/1"])
def test_a_bundle_is_found_in_whatever_holds_it(models: Path, place: str) -> None:
    system = open_bundle(models / place, "cpu")
    folder = models / "words" / "1"
    assert system.title == "words 1"
    assert system.facts["Bundle"] == str(folder)
    assert system.facts["Digest (sha256)"] == bundle.digest(folder)
    assert (system.facts["Model"], system.facts["Version"]) == ("words", "1")
    assert system.facts["Run by"] == "ONNX Runtime on cpu"


def test_a_bundle_answers(models: Path) -> None:
    system = open_bundle(models, "cpu")
    (frame,) = system.parser.parse([Utterance(GOLDEN[0].text, "en-US")])
    assert frame.intent is not None
    assert frame.intent.name == GOLDEN[0].intent


def test_a_bundle_says_how_its_frames_are_made(models: Path) -> None:
    facts = open_bundle(models, "cpu").facts
    assert facts["Slot decoding"] == "softmax: each tag by itself (softmax)"
    assert facts["Routing"] == "shared network, without a domain classifier"
    assert (facts["Confidences"], facts["Refuses"]) == ("the model's own", "nothing")
    assert facts["Recipe"] == "by hand, seed 0"


def test_a_bundle_that_is_calibrated_and_refuses_says_so(models: Path) -> None:
    ood = {"threshold": 0.25, "weights": {}, "bias": 0.0}
    edit_manifest(models / "words" / "1", ood=ood, calibration={"pooled": {}, "locales": {}})
    facts = open_bundle(models, "cpu").facts
    assert (facts["Confidences"], facts["Refuses"]) == ("calibrated on dev", "scores above 0.25")


def test_the_version_that_serves_is_held_to_its_digest(models: Path) -> None:
    state.write(models / "words", next_state(None, Pointer("1", "0" * 64)))
    with pytest.raises(DigestMismatch):
        open_bundle(models, "cpu")


def test_a_folder_without_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="found nothing, expected"):
        open_bundle(tmp_path, "cpu")
