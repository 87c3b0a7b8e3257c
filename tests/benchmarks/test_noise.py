"""The noise suite: a drop is of the same utterances before and after, one kind at a time, decided by the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import noise
from benchmarks.errors import MeasurementFailed
from benchmarks.noise import FIGURES, HARSH, Pair, details, drops, drops_of, pairs_by_kind
from polyparse.runtime.parser import Parser
from tests.bundles import write_bundle
from train.corpora.example import Example, TextSpan

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "en-US": ("wake me at", "seven"),
    "es-ES": ("wake está", "siete"),
    "it-IT": ("alarm è il", "seven"),
    "hi-IN": ("wake ज़रा", "siete"),
}
"""What stands before the time, and the time: words that the bundle knows, among some that it does not."""
OTHERS = [key for key in (*FIGURES.values(), *HARSH.values()) if key != "typo_drop"]


def corpus(copies: int = 20) -> list[Example]:
    return [
        Example(
            id=str(number),
            text=f"{before} {value}",
            locale=locale,
            partition="dev",
            domain="alarm",
            intent="alarm_set",
            slots=(TextSpan("time", len(before) + 1, len(before) + 1 + len(value)),),
        )
        for locale, (before, value) in TEXTS.items()
        for number in range(copies)
    ]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Parser:
    folder = write_bundle(tmp_path_factory.mktemp("models") / "words" / "1")
    parser = Parser.load(folder, device="cpu")
    parser.locales = tuple(TEXTS)
    return parser


def test_what_the_model_does_not_read_costs_nothing_and_what_it_reads_does(parser: Parser) -> None:
    found = drops(parser, corpus())
    assert found["typo_drop"] > 0.2
    assert [found[key] for key in OTHERS] == [0.0] * len(OTHERS)
    assert found["noise_drop"] == pytest.approx(found["typo_drop"] / len(FIGURES))


def test_the_seed_decides(parser: Parser) -> None:
    assert pairs_by_kind(parser, corpus(), seed=1) == pairs_by_kind(parser, corpus(), seed=1)
    assert pairs_by_kind(parser, corpus(), seed=1) != pairs_by_kind(parser, corpus(), seed=2)


def test_the_noise_of_an_utterance_does_not_depend_on_the_others_measured(parser: Parser) -> None:
    few, more = pairs_by_kind(parser, corpus(5), seed=1), pairs_by_kind(parser, corpus(20), seed=1)
    for locale in TEXTS:
        own = [pair for pair in more["typo"] if pair.locale == locale]
        assert own[:5] == [pair for pair in few["typo"] if pair.locale == locale]


def test_only_what_a_kind_changes_is_counted(parser: Parser) -> None:
    pairs = pairs_by_kind(parser, corpus(), seed=1)
    assert {pair.locale for pair in pairs["romanised"]} == {"hi-IN"}
    assert {pair.locale for pair in pairs["diacritics"]} == {"es-ES", "it-IT", "hi-IN"}
    assert {name: len(found) for name, found in pairs.items() if len(found) == 80} == {
        "typo": 80,
        "upper_case": 80,
        "code_mixing": 80,
    }


def test_a_drop_is_the_share_right_before_less_the_share_right_after() -> None:
    some = [Pair("en-US", clean=True, noisy=False), *[Pair("es-ES", clean=True, noisy=True)] * 3]
    better = [Pair("en-US", clean=False, noisy=True), *[Pair("es-ES", clean=True, noisy=True)] * 3]
    pairs = {name: better if name == "code_mixing" else some for name in (*FIGURES, *HARSH)}
    found = drops_of(pairs)
    assert found["typo_drop"] == 0.25
    assert found["code_mix_drop"] == -0.25
    assert found["noise_drop"] == pytest.approx((5 * 0.25 - 0.25) / 6)
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
