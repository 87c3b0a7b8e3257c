"""A record of frames is read back, and a comparison tells what changed from what another processor rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import dev_frames
from benchmarks.errors import MeasurementFailed

if TYPE_CHECKING:
    from pathlib import Path

FRAME: list[Any] = ["alarm", "alarm_set", [["time", 11, 16]], None, [0.9, 0.8]]
RECORD = {"en-US 1": FRAME, "hi-IN 1": [None, None, [], "domain", [0.2]]}


def test_what_is_written_is_read_back_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    dev_frames.write(tmp_path / "a", RECORD)
    dev_frames.write(tmp_path / "b", RECORD)
    assert dev_frames.read(tmp_path / "a") == RECORD
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_same_frames_agree() -> None:
    assert dev_frames.compare(RECORD, RECORD).agree


@pytest.mark.parametrize(
    "frame",
    [
        ["alarm", "alarm_remove", [["time", 11, 16]], None, [0.9, 0.8]],
        ["alarm", "alarm_set", [["time", 11, 17]], None, [0.9, 0.8]],
        ["alarm", "alarm_set", [["time", 11, 16]], "domain", [0.9, 0.8]],
    ],
)
def test_another_label_span_or_refusal_is_a_change_that_is_named(frame: list[Any]) -> None:
    differences = dev_frames.compare(RECORD, {**RECORD, "en-US 1": frame})
    assert not differences.agree
    assert "1 changed in a label, a span or a refusal (en-US 1)" in dev_frames.in_words(differences, 2)


@pytest.mark.parametrize(("probability", "agree"), [(0.905, True), (0.92, False)])
def test_probabilities_may_differ_by_rounding_alone(probability: float, agree: bool) -> None:
    moved = ["alarm", "alarm_set", [["time", 11, 16]], None, [probability, 0.8]]
    assert dev_frames.compare(RECORD, {**RECORD, "en-US 1": moved}).agree is agree


def test_an_utterance_that_is_missing_is_a_difference() -> None:
    assert not dev_frames.compare(RECORD, {"en-US 1": FRAME}).agree


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"{}")
    with pytest.raises(MeasurementFailed, match="found no record"):
        dev_frames.read(tmp_path / "a")
