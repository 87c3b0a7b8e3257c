"""The noise suite: a drop is of the same utterances before and after, a figure a kind, and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import noise
from benchmarks.errors import MeasurementFailed
from benchmarks.noise import FIGURES, HARSH, SPOKEN, details, drops, drops_of
from polyparse.corpora.noise import kinds
from polyparse.evaluation import robustness as cost
from polyparse.evaluation.robustness import Pair, pairs_by_kind
from tests.bundles import write_bundle
from tests.polyparse.corpora.noise.wake_up import corpus, timer, words_parser

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.parser import Parser

READ = ("typo_drop", "written_drop")
"""Drops of kinds that change a word which the parser knows: that of the time among them."""
OTHERS = [key for key in (*FIGURES.values(), *HARSH.values(), *SPOKEN.values()) if key not in READ]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return words_parser(tmp_path_factory.mktemp("models") / "words" / "1")


def test_every_kind_has_its_figure() -> None:
    assert (tuple(FIGURES), tuple(HARSH), tuple(SPOKEN)) == (cost.TYPED, cost.HARSH, tuple(kinds.SPOKEN))


def test_what_the_model_does_not_read_costs_nothing_and_what_it_reads_does(parser: Parser) -> None:
    examples = [*corpus(), timer()]
    actual = drops_of(pairs_by_kind(parser, examples))
    assert actual["typo_drop"] > 0.2
    assert actual["written_drop"] > 0.9
    assert [actual[key] for key in OTHERS] == [0.0] * len(OTHERS)
    assert actual["noise_drop"] == pytest.approx(actual["typo_drop"] / len(FIGURES))
    assert drops(parser, examples) == {
        key: actual[key] for key in ("noise_drop", *FIGURES.values(), *HARSH.values())
    }


def test_a_drop_is_the_share_right_before_less_the_share_right_after() -> None:
    same = [Pair("es-ES", clean=True, noisy=True, confidence=0.75, frame_right=True)] * 3
    some = [Pair("en-US", clean=True, noisy=False, confidence=0.75), *same]
    better = [Pair("en-US", clean=False, noisy=True), *same]
    pairs = {name: better if name in {"code_mixing", "glued"} else some for name in cost.KINDS}
    actual = drops_of(pairs)
    assert actual["typo_drop"] == 0.25
    assert actual["code_mix_drop"] == -0.25
    assert actual["noise_drop"] == pytest.approx((5 * 0.25 - 0.25) / 6)
    assert (actual["written_drop"], actual["glued_drop"]) == (0.25, -0.25)
    assert (actual["written_ece"], actual["glued_ece"]) == (0.0, 0.25)
    shown = details(pairs)
    assert (shown["typo_exact_match"], shown["typo_utterances"]) == (0.75, 4)
    assert (shown["typo_drop_en-US"], shown["typo_drop_es-ES"]) == (1.0, 0.0)


def test_a_kind_that_nothing_can_get_is_named(parser: Parser) -> None:
    english = [example for example in corpus() if example.locale == "en-US"]
    with pytest.raises(
        MeasurementFailed, match="diacritics, romanised, code_mixing, marks, glued, tail_cut, chat"
    ):
        drops_of(pairs_by_kind(parser, english))
    with pytest.raises(MeasurementFailed, match="for diacritics, romanised, code_mixing, marks, expected"):
        drops(parser, english)


def test_a_calibration_error_of_nothing_but_refusals_is_refused() -> None:
    refused = [Pair("en-US", clean=True, noisy=False)]
    with pytest.raises(MeasurementFailed, match="refused for written_ece, glued_ece"):
        drops_of(dict.fromkeys(cost.KINDS, refused))


def test_an_absent_corpus_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    argv = ["--bundle", str(folder), "--corpus", f"massive:{tmp_path / 'nowhere'}"]
    assert noise.main(argv) == 2
