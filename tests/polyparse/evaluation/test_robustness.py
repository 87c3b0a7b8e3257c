"""What noise costs: the same utterances before and after, one kind at a time, decided by the seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.contract.frame import Utterance
from polyparse.corpora.noise.kinds import measured_kinds_of
from polyparse.evaluation.robustness import KINDS, Pair, calibration_error, drop, pairs_by_kind
from tests.polyparse.corpora.noise.wake_up import TEXTS, corpus, timer, words_parser

if TYPE_CHECKING:
    from polyparse.inference.parser import Parser


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return words_parser(tmp_path_factory.mktemp("models") / "words" / "1")


def test_every_kind_is_measured() -> None:
    assert set(KINDS) == measured_kinds_of([]).keys()


def test_the_seed_decides(parser: Parser) -> None:
    assert pairs_by_kind(parser, corpus(), seed=1) == pairs_by_kind(parser, corpus(), seed=1)
    assert pairs_by_kind(parser, corpus(), seed=1) != pairs_by_kind(parser, corpus(), seed=2)


def test_the_noise_of_an_utterance_does_not_depend_on_the_others_measured(parser: Parser) -> None:
    few, more = pairs_by_kind(parser, corpus(5), seed=1), pairs_by_kind(parser, corpus(20), seed=1)
    for locale in TEXTS:
        of_locale = [pair for pair in more["typo"] if pair.locale == locale]
        assert of_locale[:5] == [pair for pair in few["typo"] if pair.locale == locale]


def test_only_what_a_kind_changes_is_counted(parser: Parser) -> None:
    pairs = pairs_by_kind(parser, corpus(), seed=1)
    assert {pair.locale for pair in pairs["romanised"]} == {"hi-IN"}
    assert {pair.locale for pair in pairs["diacritics"]} == {"es-ES", "it-IT", "hi-IN"}
    assert {name: len(actual) for name, actual in pairs.items() if len(actual) == 80} == {
        "typo": 80,
        "upper_case": 80,
        "code_mixing": 80,
        "wake_word": 80,
        "please": 80,
        "repeat": 80,
    }


def test_a_kind_that_nothing_can_get_has_no_pairs(parser: Parser) -> None:
    english = [example for example in corpus(3) if example.locale == "en-US"]
    pairs = pairs_by_kind(parser, english)
    assert [name for name, actual in pairs.items() if not actual] == [
        "diacritics",
        "romanised",
        "code_mixing",
        "marks",
        "glued",
        "tail_cut",
        "chat",
    ]
    assert len(pairs["typo"]) == 3


def test_a_drop_is_the_share_right_before_less_the_share_right_after() -> None:
    lost = Pair("en-US", clean=True, noisy=False)
    actual = Pair("es-ES", clean=False, noisy=True)
    same = Pair("es-ES", clean=True, noisy=True)
    assert drop([lost, same, same, same]) == 0.25
    assert drop([actual, same, same, same]) == -0.25
    assert drop([lost, actual]) == 0.0


def test_the_calibration_error_is_of_the_frames_that_were_answered_after_the_noise() -> None:
    refused = Pair("en-US", clean=True, noisy=False)
    right = Pair("en-US", clean=False, noisy=False, confidence=0.75, frame_right=True)
    wrong = Pair("en-US", clean=True, noisy=True, confidence=0.75, frame_right=False)
    assert calibration_error([refused, right, right, right, wrong]) == 0.0
    assert calibration_error([refused, right]) == 0.25
    assert calibration_error([refused]) is None


def test_confidence_and_truth_of_a_pair_are_those_of_the_noisy_frame(parser: Parser) -> None:
    (pair,) = pairs_by_kind(parser, [timer()])["glued"]
    frame = parser.run_all([parser.prepare(Utterance("wake me in 10min please", "en-US"))])[0]
    assert (pair.confidence, pair.frame_right) == (frame.confidence, True)


def test_measuring_imports_no_torch() -> None:
    program = "import sys, polyparse.evaluation.robustness; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0  # noqa: S603  ours
