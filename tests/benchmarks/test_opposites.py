"""Opposites: what a frame counts as, and that shares are of the phrases that were asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.opposites import figures, main, measure, outcome
from polyparse.contract.frame import Choice, Frame, Refusal
from polyparse.evaluation.opposite_phrases import PHRASES, OppositePhrase
from tests.bundles import edit_manifest, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

LAMP = OppositePhrase("light_off", "flick … off", "flick the lamp off")


def frame(intent: str | None) -> Frame:
    return Frame(LAMP.text, "en-US", None, Choice(intent, 0.9) if intent else None, (), 0.9)


@pytest.mark.parametrize(
    ("intent", "expected"),
    [
        ("iot_hue_lightoff", "right"),
        ("iot_wemo_off", "right"),
        ("iot_hue_lighton", "reversed"),
        ("iot_hue_lightdim", "other"),
        (None, "other"),
    ],
)
def test_an_intent_does_what_is_asked_or_the_reverse_or_something_else(
    intent: str | None, expected: str
) -> None:
    assert outcome(LAMP, frame(intent)) == expected


def test_a_refused_phrase_is_neither_right_nor_reversed() -> None:
    assert outcome(LAMP, replace(frame(None), refused=Refusal("domain"))) == "refused"


def test_shares_are_of_all_phrases_then_of_a_locale_and_of_what_is_asked() -> None:
    found = figures(
        [("en-US", "louder", "right"), ("en-US", "quieter", "reversed"), ("it-IT", "louder", "refused")]
    )
    assert (found["right"], found["reversed"], found["refused"], found["other"]) == pytest.approx(
        (1 / 3,) * 3 + (0,)
    )
    assert (found["right_en-US"], found["right_it-IT"], found["reversed_en-US"]) == (0.5, 0.0, 0.5)
    assert (found["right_louder"], found["reversed_quieter"], found["phrases"]) == (0.5, 1.0, 3)


def test_a_bundle_is_asked_in_the_locales_that_it_serves_and_misses_the_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    result = measure(folder)
    assert result.figures["phrases"] == len(PHRASES["en-US"]) + len(PHRASES["es-ES"])
    assert result.figures["other"] == 1.0  # its intents are others
    assert not result.passed
    assert main([f"--bundle={folder}", "--wrong"]) == 1
    assert f"other    en-US light_off {PHRASES['en-US'][0].text}: " in capsys.readouterr().out
    edit_manifest(folder, locales=["fr-FR"])
    with pytest.raises(MeasurementFailed, match="found the locales fr-FR"):
        measure(folder)
