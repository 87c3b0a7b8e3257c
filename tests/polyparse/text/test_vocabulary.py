"""Words and characters have ids in order of frequency, and what is saved is read back."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.errors import ConfigError
from polyparse.text.case import MARKS
from polyparse.text.vocabulary import FIRST, PADDING, UNKNOWN, Vocabulary
from tests.strategies import words

if TYPE_CHECKING:
    from pathlib import Path

corpora = st.lists(words | st.sampled_from(["play", "música", "बजे", "七"]), max_size=40)


def test_the_most_frequent_come_first_and_equals_in_code_point_order() -> None:
    vocabulary = Vocabulary.build(list("baccébac"), min_character_count=1)
    assert vocabulary == Vocabulary(words=("c", "a", "b", "é"), characters="cabé")


def test_a_class_of_addresses_counts_as_a_word_without_characters() -> None:
    assert Vocabulary.build(["<mail>", "<mail>", "a"], min_character_count=1) == Vocabulary(
        ("<mail>", "a"), "a"
    )


def test_marks_of_case_come_first_and_are_saved_only_where_there_are_some(tmp_path: Path) -> None:
    marked = Vocabulary.build(["a"], min_character_count=1, case_marks=True)
    assert marked == Vocabulary(("a",), MARKS + "a", case_marks=True)
    marked.save(tmp_path / "marked.json")
    assert Vocabulary.load(tmp_path / "marked.json") == marked
    Vocabulary(("a",), "a").save(tmp_path / "plain.json")
    assert json.loads((tmp_path / "plain.json").read_text("utf-8")) == {"words": ["a"], "characters": "a"}


def test_ids_start_after_padding_and_unknown() -> None:
    vocabulary = Vocabulary(words=("x", "y"), characters="yx")
    assert vocabulary.word_ids == {"x": FIRST, "y": FIRST + 1}
    assert vocabulary.character_ids == {"y": FIRST, "x": FIRST + 1}
    assert {PADDING, UNKNOWN} == set(range(FIRST))
    assert vocabulary.size == FIRST + 2


@given(corpora, st.integers(1, 3), st.integers(1, 5))
def test_what_is_as_frequent_as_asked_is_kept(corpus: list[str], min_word: int, min_character: int) -> None:
    built = Vocabulary.build(corpus, min_word_count=min_word, min_character_count=min_character)
    characters = Counter("".join(corpus))
    assert set(built.words) == {word for word in corpus if corpus.count(word) >= min_word}
    assert set(built.characters) == {c for c in characters if characters[c] >= min_character}


@given(corpora, st.randoms(use_true_random=False))
def test_the_order_of_a_corpus_changes_nothing(corpus: list[str], random: object) -> None:
    shuffled = sorted(corpus, key=lambda _: random.random())  # type: ignore[attr-defined]  # Hypothesis's Random
    assert Vocabulary.build(shuffled) == Vocabulary.build(corpus)


@given(st.lists(words, unique=True), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
def test_what_is_saved_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, remaining: list[str], characters: str
) -> None:
    vocabulary = Vocabulary(tuple(remaining), characters)
    file = tmp_path_factory.getbasetemp() / "vocabulary.json"
    vocabulary.save(file)
    assert Vocabulary.load(file) == vocabulary


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"words": []}',
        b'{"words": [], "characters": "", "more": 1}',
        b'{"words": "abc", "characters": ""}',
        b'{"words": [1], "characters": ""}',
        b'{"words": [], "characters": ["a"]}',
        b'{"words": ["\xff"], "characters": ""}',
    ],
)
def test_what_is_no_vocabulary_is_refused_with_its_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "vocabulary.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"vocabulary.json: .*found .*, expected"):
        Vocabulary.load(file)


def test_words_of_many_slices_are_read_as_json_is(tmp_path: Path) -> None:
    words = tuple(f'word{number}\u00e9\\\\",' for number in range(5000))
    file = tmp_path / "vocabulary.json"
    Vocabulary(words=words, characters="],[\n").save(file)
    assert file.stat().st_size > 4 * 16_384
    assert Vocabulary.load(file) == Vocabulary(words, "],[\n")
    data = json.loads(file.read_bytes())
    file.write_text(json.dumps(data), encoding="utf-8")
    assert Vocabulary.load(file) == Vocabulary(words, "],[\n")


@pytest.mark.parametrize("line", ['"\\ud800"', "7", '"a" "b"', "null"])
def test_one_bad_word_among_many_is_refused_with_its_file(tmp_path: Path, line: str) -> None:
    file = tmp_path / "vocabulary.json"
    Vocabulary(words=tuple(f"word{number}" for number in range(5000)), characters="").save(file)
    file.write_text(file.read_text().replace('"word4321"', line))
    with pytest.raises(ConfigError, match=str(file)):
        Vocabulary.load(file)
