"""The noise suite: a drop is of the same utterances before and after, a figure a kind, and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import noise
from benchmarks.errors import MeasurementFailed
from benchmarks.noise import FIGURES, HARSH, details, drops, drops_of
from polyparse.evaluation import robustness as cost
from polyparse.evaluation.robustness import Pair
from tests.bundles import write_bundle
from tests.polyparse.corpora.noise.wake_up import corpus, words_parser

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.inference.parser import Parser

OTHERS = [key for key in (*FIGURES.values(), *HARSH.values()) if key != "typo_drop"]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    return words_parser(tmp_path_factory.mktemp("models") / "words" / "1")


def test_every_kind_has_its_figure() -> None:
    assert (tuple(FIGURES), tuple(HARSH)) == (cost.TYPED, cost.HARSH)


def test_what_the_model_does_not_read_costs_nothing_and_what_it_reads_does(parser: Parser) -> None:
    actual = drops(parser, corpus())
    assert actual["typo_drop"] > 0.2
    assert [actual[key] for key in OTHERS] == [0.0] * len(OTHERS)
    assert actual["noise_drop"] == pytest.approx(actual["typo_drop"] / len(FIGURES))


def test_a_drop_is_the_share_right_before_less_the_share_right_after() -> None:
    some = [Pair("en-US", clean=True, noisy=False), *[Pair("es-ES", clean=True, noisy=True)] * 3]
    better = [Pair("en-US", clean=False, noisy=True), *[Pair("es-ES", clean=True, noisy=True)] * 3]
    pairs = {name: better if name == "code_mixing" else some for name in (*FIGURES, *HARSH)}
    actual = drops_of(pairs)
    assert actual["typo_drop"] == 0.25
    assert actual["code_mix_drop"] == -0.25
    assert actual["noise_drop"] == pytest.approx((5 * 0.25 - 0.25) / 6)
    shown = details(pairs)
    assert (shown["typo_exact_match"], shown["typo_utterances"]) == (0.75, 4)
    assert (shown["typo_drop_en-US"], shown["typo_drop_es-ES"]) == (1.0, 0.0)


def test_a_kind_that_nothing_can_get_is_named(parser: Parser) -> None:
    english = [example for example in corpus() if example.locale == "en-US"]
    with pytest.raises(MeasurementFailed, match="diacritics, romanised, code_mixing, marks"):
        drops(parser, english)


def test_an_absent_corpus_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "words" / "1")
    argv = ["--bundle", str(folder), "--corpus", f"massive:{tmp_path / 'nowhere'}"]
    assert noise.main(argv) == 2
