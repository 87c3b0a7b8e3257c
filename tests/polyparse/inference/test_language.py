"""The language screen: a text is judged by its own words alone, and never where it has too few of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.inference.language import NAMES, LanguageScreen
from polyparse.text.language import LanguageTable
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary
from tests.language_screens import screen_of
from tests.strategies import utterances

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.text.vectorizer import Item

SCREEN = screen_of(["wake", "me", "at", "seven"])
EMPTY = Vocabulary(words=(), characters="")
VECTORIZER = Vectorizer(EMPTY, None, languages=SCREEN.table)


def items(*texts: str) -> list[Item]:
    return [VECTORIZER.item(Utterance(text)) for text in texts]


def sigmoid(logit: float) -> float:
    return float(1.0 / (1.0 + np.exp(-logit)))


def test_a_score_is_the_probability_of_none_of_the_languages() -> None:
    scores = SCREEN.scores(items("wake me at seven", "wake me zzz", "weck mich um sieben", "weck mich at"))
    assert scores == pytest.approx([sigmoid(-16), sigmoid(-4), sigmoid(16), sigmoid(4)])


@pytest.mark.parametrize(
    "text", ["guten morgen", "7:30 19 20 guten morgen", "ann@example.org a b", "?", "7 8 9"]
)
def test_a_text_of_fewer_than_three_words_is_never_refused(text: str) -> None:
    assert SCREEN.scores(items(text)) == [0.0]


@given(st.lists(utterances, min_size=1, max_size=6))
def test_alone_equals_in_company(batch: list[str]) -> None:
    together = SCREEN.scores(items(*batch))
    assert together == [SCREEN.scores(items(text))[0] for text in batch]
    assert all(0.0 <= score <= 1.0 for score in together)


def test_words_that_were_not_asked_are_refused() -> None:
    with pytest.raises(ConfigError, match="found words that say nothing of their language"):
        SCREEN.scores([Vectorizer(EMPTY, None).item(Utterance("wake me at seven"))])


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    SCREEN.save(tmp_path / "a.npz")
    SCREEN.save(tmp_path / "b.npz")
    read = LanguageScreen.load(tmp_path / "a.npz")
    assert tmp_path.joinpath("a.npz").read_bytes() == tmp_path.joinpath("b.npz").read_bytes()
    assert (read.threshold, read.step, read.by_unknown) == (0.5, 0.5, 4.0)
    assert (read.table.hashes_F == SCREEN.table.hashes_F).all()
    assert read.scores(items("weck mich at")) == SCREEN.scores(items("weck mich at"))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (
            "hashes_F",
            np.array([2, 1], dtype=np.uint32),
            r"weights_FL: found int8\(4, 1\), expected int8\(2, 1\)",
        ),
        (
            "hashes_F",
            np.array([4, 3, 2, 1], dtype=np.uint32),
            "hashes_F: found 4, expected some, in ascending order",
        ),
        ("weights_FL", np.zeros((4, 1)), r"weights_FL: found float64\(4, 1\)"),
        ("biases_L", np.zeros(2), r"weights_FL: found int8\(4, 1\), expected int8\(4, 2\)"),
        ("numbers", np.zeros(5), r"numbers: found float64\(5,\)"),
        ("numbers", np.full(6, np.nan), "threshold: found nan"),
        ("numbers", np.array([0.5, np.inf, 0, 0, 0, 0]), "expected finite numbers"),
        ("biases_L", np.array(1.0), r"biases_L: found float64\(\)"),
    ],
)
def test_arrays_of_another_kind_are_refused(name: str, array: object, message: str, tmp_path: Path) -> None:
    SCREEN.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        changed = {each: arrays[each] for each in NAMES} | {name: array}
    np.savez(tmp_path / "b.npz", **changed)
    with pytest.raises(ConfigError, match=message):
        LanguageScreen.load(tmp_path / "b.npz")


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(ConfigError, match="threshold: found 2"):
        replace(SCREEN, threshold=2.0)


def test_the_likelier_language_of_several_counts() -> None:
    table = LanguageTable(
        SCREEN.table.hashes_F, np.array([[10, 0], [0, 10], [10, 0], [0, 10]], dtype=np.int8)
    )
    two = replace(SCREEN, table=table, biases_L=np.zeros(2), step=1.0)
    vectorizer = Vectorizer(EMPTY, None, languages=table)
    mixed = two.scores([vectorizer.item(Utterance("wake me at seven"))])
    assert mixed == pytest.approx([sigmoid(-(20 + np.log(2)))], rel=1e-4)
