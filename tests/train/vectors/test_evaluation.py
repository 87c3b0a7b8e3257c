"""Precision of translation: by hand, and what is covered."""

from __future__ import annotations

import numpy as np
import pytest

from polyparse.errors import ConfigError
from tests.train.vectors.planted import planted
from train.embeddings.word_space import WordSpace
from train.vectors.evaluation import measure


def circle(**degrees: float) -> WordSpace:
    """Words as directions in the plane."""
    angles_V = np.radians(list(degrees.values()))
    return WordSpace(
        tuple(degrees), np.stack([np.cos(angles_V), np.sin(angles_V)], axis=1).astype(np.float32)
    )


SOURCE = circle(cat=0, dog=19, taxi=90)
TARGET = circle(gatto=5, cane=35, taxi=92, t1=150, t2=160, t3=170, t4=180)


def test_precision_is_that_of_the_nearest_by_hand() -> None:
    pairs = [
        ("cat", "gatto"),
        ("dog", "cane"),
        ("dog", "absent"),
        ("taxi", "taxi"),
        ("bird", "uccello"),
        ("cat", "t4"),
    ]
    measures = measure(SOURCE, TARGET, pairs, k=1)
    assert (measures.asked, measures.by_kind["all"].words) == (4, 3)
    assert measures.coverage == 0.75
    assert measures.by_kind["all"].nn == (2, 3)
    assert measures.by_kind["all"].precision("nn") == [2 / 3, 1.0]
    assert measures.by_kind["identical"].words == 1
    assert measures.by_kind["others"].nn == (1, 2)


def test_csls_finds_what_a_hub_hides() -> None:
    """Of targets at 10 and at 30 degrees the first is nearer to the dog at 19, but has the cat at 9 nearer to itself."""
    source, target = circle(cat=9, dog=19), circle(gatto=10, cane=30)
    hits = measure(source, target, [("dog", "cane")], k=1).by_kind["all"]
    assert (hits.nn[0], hits.csls[0]) == (0, 1)


def test_words_that_were_learnt_from_are_left_out() -> None:
    measures = measure(SOURCE, TARGET, [("cat", "gatto"), ("taxi", "taxi")], without={"taxi"})
    assert (measures.asked, measures.by_kind["identical"].words) == (1, 0)
    assert measures.by_kind["identical"].precision("csls") == [0.0, 0.0]


def test_planted_words_are_all_found() -> None:
    languages = planted(n_words=60)
    space = WordSpace(languages.target.words, languages.target.vectors_VE)
    measures = measure(space, languages.target, [(word, word) for word in space.words])
    assert measures.by_kind["all"].precision("nn") == measures.by_kind["all"].precision("csls") == [1.0, 1.0]


def test_a_dictionary_that_covers_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="found none of 1 source words of the dictionary in one file"):
        measure(SOURCE, TARGET, [("bird", "uccello")])
    with pytest.raises(ConfigError, match="found vectors of 2 and of 10 numbers, expected one size"):
        measure(SOURCE, planted().target, [("cat", "t1")])
