"""The screen for negated requests: what it looks at, what it makes of it, and what it refuses to read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polyparse.contract.frame import Utterance
from polyparse.errors import ConfigError
from polyparse.inference.negation import (
    CUE,
    FORM,
    OTHER,
    PARTICLE,
    VERB,
    NegationScreen,
    features_of,
    stem_hash,
    structure_of,
    words_of,
)
from polyparse.text.features import word_hash
from polyparse.text.vectorizer import Vectorizer
from polyparse.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

    from polyparse.text.vectorizer import Item

KINDS = {
    word_hash("don't"): CUE,
    word_hash("no"): CUE,
    word_hash("to"): PARTICLE,
    word_hash("apaga"): VERB,
    stem_hash("apaga"): FORM,
    word_hash("turn"): VERB,
}
VECTORIZER = Vectorizer(Vocabulary((), ""), None)


def item(text: str) -> Item:
    return VECTORIZER.item(Utterance(text))


def structure(text: str) -> set[int]:
    return structure_of(words_of(item(text), KINDS))


def screen(*, weight: float = 4.0) -> NegationScreen:
    """One that weighs what "no apagues" says of the kinds of its words."""
    hashes = np.array(sorted(structure("no apagues") - structure("no apaga")), dtype=np.uint32)
    return NegationScreen(
        words_W=np.array(list(KINDS), dtype=np.uint32),
        kinds_W=np.array(list(KINDS.values()), dtype=np.uint8),
        hashes_F=hashes,
        weights_F=np.full(len(hashes), weight, dtype=np.float16),
        bias=-1.0,
        threshold=0.5,
    )


def test_a_word_is_what_the_tables_say_or_a_form_of_a_verb_or_any_other() -> None:
    assert words_of(item("don't apaga to apagues la luz"), KINDS).kinds == [
        CUE,
        VERB,
        PARTICLE,
        FORM,
        OTHER,
        OTHER,
    ]


def test_accents_and_case_do_not_change_a_stem() -> None:
    assert stem_hash("envíe") == stem_hash("envies")
    assert stem_hash("apaga") != stem_hash("enciende")


def test_a_text_without_a_cue_has_no_features_and_scores_zero() -> None:
    assert features_of(words_of(item("apaga la luz"), KINDS)) == set()
    assert screen().scores([item("apaga la luz")]) == [0.0]


def test_a_subjunctive_behind_a_cue_is_told_from_an_imperative() -> None:
    negated, kept = screen().scores([item("no apagues"), item("no apaga")])
    assert negated > 0.9
    assert kept == pytest.approx(1.0 / (1.0 + np.exp(1.0)))


def test_the_kinds_of_words_count_alike_whatever_the_words_are() -> None:
    assert structure("no apagues la luz") == structure("no apagará una vela")
    assert structure("no apagues la luz") != structure("la luz no")


def test_structure_is_a_part_of_the_features() -> None:
    words = words_of(item("don't you turn it off or no jazz"), KINDS)
    assert structure_of(words) < features_of(words)


def test_scores_do_not_depend_on_what_is_scored_beside() -> None:
    items = [item(text) for text in ("no apagues", "apaga", "no no no apagues apaga", "no")]
    together = screen().scores(items)
    assert together == [screen().scores([each])[0] for each in items]


def test_a_long_text_is_read_up_to_a_bound() -> None:
    long = item("no apagues " * 500)
    assert len(features_of(words_of(long, KINDS))) < 1000
    assert screen().scores([long])[0] > 0.5


def test_huge_weights_give_one_and_zero_and_no_overflow() -> None:
    scores = [screen(weight=weight).scores([item("no apagues")])[0] for weight in (60000.0, -60000.0)]
    assert scores == pytest.approx([1.0, 0.0])


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "negation.npz"
    screen().save(path)
    first = path.read_bytes()
    loaded = NegationScreen.load(path)
    loaded.save(path)
    assert path.read_bytes() == first
    items = [item("no apagues"), item("no apaga")]
    assert loaded.scores(items) == screen().scores(items)
    assert loaded.threshold == 0.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kinds_W": np.zeros(2, dtype=np.uint8)}, "6 words and 2 kinds"),
        ({"hashes_F": np.array([2, 1], dtype=np.uint32)}, "ascending"),
        ({"weights_F": np.zeros((2, 2), dtype=np.float16)}, r"weights_F: found float16\(2, 2\)"),
        ({"hashes_F": np.zeros(2, dtype=np.int64)}, "hashes_F: found int64"),
        ({"bias": float("nan")}, "no numbers"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(
    changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "negation.npz"
    replace(screen(), **changed).save(path)
    with pytest.raises(ConfigError, match=message):
        NegationScreen.load(path)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "negation.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(ConfigError, match=r"negation\.npz: found no arrays"):
        NegationScreen.load(path)
