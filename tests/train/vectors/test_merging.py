"""Languages in one table: a row a form, weighted by use."""

from __future__ import annotations

import numpy as np
import pytest

from polyparse.errors import ConfigError
from train.embeddings.word_space import WordSpace
from train.vectors.merging import merged

ENGLISH = WordSpace(("the", "die", "cat"), np.array([[0, 2], [3, 0], [1, 1]], np.float32))
GERMAN = WordSpace(("die", "katze"), np.array([[0, 5], [-1, 1]], np.float32))


def test_a_form_of_two_languages_has_the_weighted_mean_of_unit_vectors() -> None:
    space = merged({"en": ENGLISH, "de": GERMAN}, {"en": {"die": 1, "the": 5}, "de": {"die": 3}})
    assert space.words == ("the", "die", "katze", "cat")
    vectors = dict(zip(space.words, space.vectors_VE.tolist(), strict=True))
    assert vectors["die"] == pytest.approx([1 / np.sqrt(10), 3 / np.sqrt(10)])
    assert vectors["the"] == pytest.approx([0, 1])
    assert vectors["cat"] == pytest.approx([np.sqrt(0.5)] * 2)
    np.testing.assert_allclose(np.linalg.norm(space.vectors_VE, axis=1), 1.0, rtol=1e-6)


def test_without_counts_languages_weigh_the_same_and_places_order() -> None:
    space = merged({"en": ENGLISH, "de": GERMAN}, {})
    assert space.words == ("die", "the", "katze", "cat")
    assert space.vectors_VE[0].tolist() == pytest.approx([np.sqrt(0.5)] * 2)


def test_a_form_whose_languages_cancel_out_is_left_out() -> None:
    opposite = WordSpace(("die",), np.array([[-1, 0]], np.float32))
    assert "die" not in merged({"en": ENGLISH, "xx": opposite}, {}).words


def test_one_language_keeps_its_directions() -> None:
    space = merged({"en": ENGLISH}, {})
    assert space.words == ENGLISH.words
    assert space.vectors_VE[1].tolist() == [1, 0]


def test_spaces_of_two_sizes_are_refused() -> None:
    other = WordSpace(("a",), np.ones((1, 3), np.float32))
    with pytest.raises(ConfigError, match=r"found vectors of sizes \{'en': 2, 'xx': 3\}, expected one size"):
        merged({"en": ENGLISH, "xx": other}, {})
