"""What noise costs: the same utterances before and after, one kind at a time, decided by the seed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from polyparse.corpora.noise.kinds import kinds_of
from polyparse.evaluation.robustness import HARSH, TYPED, Pair, drop, pairs_by_kind
from tests.polyparse.corpora.noise.wake_up import TEXTS, corpus, words_parser

if TYPE_CHECKING:
    from polyparse.inference.parser import Parser


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return words_parser(tmp_path_factory.mktemp("models") / "words" / "1")


def test_every_kind_is_measured() -> None:
    assert {*TYPED, *HARSH} == kinds_of([]).keys()


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
    }


def test_a_kind_that_nothing_can_get_has_no_pairs(parser: Parser) -> None:
    english = [example for example in corpus(3) if example.locale == "en-US"]
    pairs = pairs_by_kind(parser, english)
    assert [name for name, actual in pairs.items() if not actual] == [
        "diacritics",
        "romanised",
        "code_mixing",
        "marks",
    ]
    assert len(pairs["typo"]) == 3


def test_a_drop_is_the_share_right_before_less_the_share_right_after() -> None:
    lost = Pair("en-US", clean=True, noisy=False)
    actual = Pair("es-ES", clean=False, noisy=True)
    same = Pair("es-ES", clean=True, noisy=True)
    assert drop([lost, same, same, same]) == 0.25
    assert drop([actual, same, same, same]) == -0.25
    assert drop([lost, actual]) == 0.0


def test_measuring_imports_no_torch() -> None:
    program = "import sys, polyparse.evaluation.robustness; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0  # noqa: S603  ours
