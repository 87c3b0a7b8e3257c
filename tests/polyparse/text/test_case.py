"""Case: the mark of a word as it is written; what a model that reads it gets, and that others get what they got."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from polyparse.contract.frame import Utterance
from polyparse.text.case import LOWER, MARKS, MIXED, NONE, TITLE, UPPER, case_mark
from polyparse.text.forms import words_of
from polyparse.text.tokens import tokenise
from polyparse.text.vectorizer import Item, Vectorizer, collate
from polyparse.text.vocabulary import FIRST, Vocabulary
from polyparse.text.words import CHARACTER
from tests.strategies import texts

TEXT = "Die Stadt iPhone IBM 7 die दिल्ली"


@pytest.mark.parametrize(
    ("word", "mark"),
    [
        *[(word, LOWER) for word in ("die", "été", "don't", "7pm", "ß")],
        *[(word, TITLE) for word in ("Die", "Été", "A", "O'", "Ǆ", "ǅ", "4Th")],
        *[(word, UPPER) for word in ("IBM", "U.S.A.", "ÉTÉ", "A1B")],
        *[(word, MIXED) for word in ("iPhone", "McDonald", "eBay", "IBMs")],
        *[(word, NONE) for word in ("7", "", "7:30", "दिल्ली", "東京", "&")],
    ],
)
def test_a_word_has_the_mark_of_its_case(word: str, mark: str) -> None:
    assert case_mark(word) == mark


def item(text: str, *, case_marks: bool) -> Item:
    vocabulary = Vocabulary.build(words_of(TEXT.lower()), min_character_count=1, case_marks=case_marks)
    return Vectorizer(vocabulary, None).item(Utterance(text))


def marks_of(read: Item) -> str:
    """The marks that the characters of an item's words begin with."""
    return "".join(MARKS[np.frombuffer(word.characters, CHARACTER)[0] - FIRST] for word in read.words)


def test_a_model_that_reads_case_gets_a_mark_before_the_characters() -> None:
    read = item(TEXT, case_marks=True)
    assert marks_of(read) == "".join([TITLE, TITLE, MIXED, UPPER, NONE, LOWER, NONE])
    first, *_, again, _ = read.words
    assert first.id == again.id
    assert first.characters != again.characters
    assert first.characters[4:] == again.characters[4:]
    assert collate([read]).characters_UC[0].tolist() == [0] * collate([read]).characters_UC.shape[1]


@given(texts)
def test_marks_are_those_of_the_tokens_as_they_stand_in_the_text(text: str) -> None:
    read = item(text, case_marks=True)
    written = [text[start:end] for start, end in zip(read.starts, read.ends, strict=True)]
    assert marks_of(read) == "".join(map(case_mark, written))


@given(texts)
def test_all_else_is_what_a_model_gets_that_does_not_read_it(text: str) -> None:
    with_marks, without = item(text, case_marks=True), item(text, case_marks=False)
    assert (with_marks.starts, with_marks.ends) == (without.starts, without.ends)
    assert [word.id for word in with_marks.words] == [word.id for word in without.words]
    for one, other in zip(with_marks.words, without.words, strict=True):
        ids, plain = (np.frombuffer(word.characters, CHARACTER) for word in (one, other))
        assert [max(1, i - len(MARKS)) for i in ids[1:]] == plain.tolist()
    assert len(without.words) == len(tokenise(text))


def test_without_marks_words_of_any_case_are_one() -> None:
    first, *_, again, _ = item(TEXT, case_marks=False).words
    assert first is again
