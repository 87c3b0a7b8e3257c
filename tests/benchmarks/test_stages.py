"""Two devices are compared by the exporter's gate, and each stage is timed as the service reports it."""

from pathlib import Path

import pytest

from benchmarks import stages
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load
from tests.bundles import GOLDEN, edit_manifest, write_bundle

UTTERANCES = [Utterance(entry.text, entry.locale) for entry in GOLDEN]


def parser_of(folder: Path) -> Parser:
    return load(folder, device="cpu").parser


def test_a_parser_gives_the_same_frames_as_itself(tmp_path: Path) -> None:
    parser = parser_of(write_bundle(tmp_path / "words" / "1"))
    actual = stages.same_frames(parser, parser, UTTERANCES, file=tmp_path)
    assert actual == {"same_frames": 1, "frames_compared": 2, "frames_tied": 0, "largest_difference": 0}


def test_a_parser_that_answers_otherwise_is_found_out_and_the_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    parser = parser_of(folder)
    labels = {
        "domains": ["alarm", "iot"],
        "intents": ["alarm_set", "lights_off"],
        "intent_domains": [1, 0],
        "slots": ["place", "time"],
        "domain_slots": [[1], [0, 1]],
        "scheme": "BIO",
    }
    edit_manifest(folder, labels=labels)
    actual = stages.same_frames(parser, parser_of(folder), UTTERANCES, file=folder)
    assert actual == {"same_frames": 0}
    assert str(folder) in capsys.readouterr().out
    assert not stages.TARGETS["same_frames"].is_met_by(actual["same_frames"])


def test_score_and_decode_are_timed(tmp_path: Path) -> None:
    parser = parser_of(write_bundle(tmp_path / "words" / "1"))
    actual = stages.stage_us(parser, [parser.prepare(utterance) for utterance in UTTERANCES], rounds=2)
    assert set(actual) == {"score", "decode"}
    assert all(us > 0 for us in actual.values())
