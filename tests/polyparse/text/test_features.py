"""MaxEnt features: which an utterance has, and the table of those that a model keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.errors import ConfigError
from polyparse.text.features import (
    BOUNDARY,
    MAX_WORD_CHARACTERS,
    FeatureTable,
    pair_hash,
    utterance_features,
    word_features,
    word_hash,
)
from tests.strategies import words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

hashes = st.integers(0, 2**32 - 1)


def features_by_name(word: str) -> set[int]:
    """The slow twin: every template spelt out."""
    marked = f"^{word[:MAX_WORD_CHARACTERS]}$"
    pieces = {marked[a:b] for a in range(len(marked)) for b in range(a, len(marked) + 1)}
    named = {f"w={word}"} | {f"c={piece}" for piece in pieces if len(piece) in (3, 4)}
    return {crc32(name.encode("utf-8", "surrogatepass")) for name in named}


@given(words)
def test_a_word_gives_itself_and_its_n_grams_each_once(word: str) -> None:
    actual = word_features(word)
    assert set(actual) == features_by_name(word)
    assert len(actual) == len(set(actual))
    assert actual[0] == word_hash(word)


def test_a_short_word_has_what_it_can() -> None:
    assert word_features("a") == [crc32(b"w=a"), crc32(b"c=^a$")]


def test_a_class_of_addresses_has_no_n_grams() -> None:
    assert word_features("<mail>") == [crc32(b"w=<mail>")]


def test_a_long_word_differs_by_itself_though_not_by_its_n_grams() -> None:
    first, *grams = word_features("x" * 30 + "a")
    other, *same = word_features("x" * 30 + "b")
    assert first != other
    assert grams == same


@given(hashes, hashes)
def test_a_pair_depends_on_both_and_on_their_order(left: int, right: int) -> None:
    actual = pair_hash(left, right)
    assert 0 <= actual < 2**32
    assert pair_hash(left ^ 1, right) != actual
    assert pair_hash(left, right ^ 1) != actual


def test_the_order_of_a_pair_matters() -> None:
    assert pair_hash(word_hash("not"), word_hash("now")) != pair_hash(word_hash("now"), word_hash("not"))


@given(st.lists(words))
def test_an_utterance_has_its_words_features_and_a_pair_between_any_two_and_at_both_ends(
    utterance: list[str],
) -> None:
    actual = utterance_features(utterance)
    pairs = [BOUNDARY, *map(word_hash, utterance), BOUNDARY]
    expected = [feature for word in utterance for feature in word_features(word)]
    expected += [pair_hash(pairs[i], pairs[i + 1]) for i in range(len(pairs) - 1)]
    assert sorted(actual) == sorted(expected)


def test_hashes_are_the_same_in_every_process_and_version() -> None:
    """Trained weights are found by these numbers: to change one is to break every bundle."""
    assert word_features("así") == [1674181978, 2238247272, 2883232126, 3375997734, 4132291222, 4220435927]
    assert pair_hash(word_hash("set"), word_hash("alarm")) == 738014221


@given(st.lists(hashes, unique=True, min_size=1))
def test_a_table_comes_back_from_its_file(
    tmp_path_factory: pytest.TempPathFactory, remaining: list[int]
) -> None:
    table = FeatureTable(np.array(remaining, dtype=np.uint32))
    file = tmp_path_factory.getbasetemp() / "features.npy"
    table.save(file)
    ids = {feature: feature_id for feature_id, feature in enumerate(remaining, start=1)}
    assert FeatureTable.load(file).ids == table.ids == ids


def as_wrong_dtype(file: Path) -> None:
    np.save(file, np.zeros(3, dtype=np.int64))


def as_matrix(file: Path) -> None:
    np.save(file, np.zeros((3, 1), dtype=np.uint32))


def as_text(file: Path) -> None:
    file.write_text("hash\n1\n")


def as_nothing(file: Path) -> None:
    file.write_bytes(b"")


def as_archive(file: Path) -> None:
    with file.open("wb") as stream:
        np.savez(stream, hashes=np.zeros(3, dtype=np.uint32))


def as_twins(file: Path) -> None:
    np.save(file, np.array([4, 5, 4], dtype=np.uint32))


@pytest.mark.parametrize("write", [as_wrong_dtype, as_matrix, as_text, as_nothing, as_archive, as_twins])
def test_what_is_no_table_is_refused_with_its_file(tmp_path: Path, write: Callable[[Path], None]) -> None:
    file = tmp_path / "features.npy"
    write(file)
    with pytest.raises(ConfigError, match=r"features.npy: found .*, expected"):
        FeatureTable.load(file)
