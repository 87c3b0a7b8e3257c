"""Misspelled words: found by what is meant, against every pair compared; a word of a list stays what it is."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.inference.listed_words import ListedWords
from polyparse.text.forms import form_of
from polyparse.text.spelling import MOST, SHORTEST, SHORTEST_OTHERWISE, Spelling, is_compared, slip_of
from polyparse.text.vocabulary import Vocabulary
from polyparse.text.words import WordMaker

KNOWN = ("alarm", "lights", "weather", "tomorrow", "accendi", "mañana", "कार्यक्रम", "light", "night", "abc")
VOCABULARY = Vocabulary(words=KNOWN, characters="abc")


def spelling(*listed: str, words: tuple[str, ...] = KNOWN) -> Spelling:
    return Spelling(ListedWords.of(listed).hashes_W, Vocabulary(words=words, characters="abc"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alram", "alarm"),
        ("tomorow", "tomorrow"),
        ("tommorrow", "tomorrow"),
        ("wrather", "weather"),
        ("weathet", "weather"),
        ("wetaher", "weather"),
        ("qlarm", "alarm"),
        ("accemdi", "accendi"),
        ("mañnaa", "mañana"),
        ("कार्यक्म", "कार्यक्रम"),
        ("कार्यक्रंम", "कार्यक्रम"),
    ],
)
def test_one_slip_is_found(typed: str, meant: str) -> None:
    assert spelling().meant(typed) == meant


@pytest.mark.parametrize(
    "typed", ["alrma", "tomrow", "weeather7", "al", "abd", "x" * 40, "xylophone", "o'clock", "", "7pm"]
)
def test_what_is_near_to_none_or_is_no_word_is_not(typed: str) -> None:
    assert spelling().meant(typed) is None


def test_what_is_a_word_means_itself() -> None:
    assert spelling("wether").meant("wether") is None
    assert spelling("other").meant("wether") == "weather"


def test_a_key_beside_is_likelier_than_a_more_frequent_word() -> None:
    assert spelling(words=("cartoots", "cartooks")).meant("cartooms") == "cartooks"  # k lies beside m
    assert (
        spelling(words=("cartoots", "cartooks")).meant("cartoops") == "cartoots"
    )  # neither t nor k lies beside p
    assert spelling(words=("cartooks", "cartoots")).meant("cartoops") == "cartooks"


def test_in_a_short_word_only_a_finger_slips() -> None:
    assert spelling(words=("boots", "books")).meant("booms") == "books"
    assert spelling(words=("boots", "books")).meant("boops") is None


def test_with_equal_slips_the_word_that_training_saw_most_often_is_meant() -> None:
    assert spelling(words=("right", "tight")).meant("fight") == "right"
    assert spelling(words=("tight", "right")).meant("fight") == "tight"


words = st.text(alphabet="abcd", min_size=SHORTEST, max_size=6)


@given(st.lists(words, min_size=1, max_size=30, unique=True), words)
def test_it_finds_what_comparing_with_every_word_finds(known: list[str], typed: str) -> None:
    if typed in known:
        return
    slips = [(slip_of(typed, word), word) for word in known]
    by_keys = [word for slip, word in slips if slip]
    others = [word for slip, word in slips if slip is False and len(typed) >= SHORTEST_OTHERWISE]
    assert spelling(words=tuple(known)).meant(typed) == next(iter(by_keys + others), None)


@given(words, st.integers(0, 3), st.integers(0, 5), st.sampled_from("abcd"))
def test_each_edit_is_one_slip_and_back(word: str, edit: int, place: int, character: str) -> None:
    place %= len(word)
    edited = {
        0: word[:place] + word[place + 1 :],
        1: word[:place] + character + word[place:],
        2: word[:place] + character + word[place + 1 :],
        3: word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
    }[edit]
    slips = slip_of(edited, word), slip_of(word, edited)
    assert slips == (None, None) if edited == word else None not in slips


def test_of_too_many_words_the_most_frequent_are_compared() -> None:
    known = ["shell" + chr(ord("ぁ") + number) for number in range(2 * MOST)]
    Random(1).shuffle(known)
    assert spelling(words=tuple(known)).meant("shellq") == known[0]


def test_an_empty_vocabulary_means_nothing() -> None:
    assert spelling(words=()).meant("alarm") is None


def test_the_inputs_for_a_misspelled_word_are_those_of_what_is_meant() -> None:
    maker = WordMaker(VOCABULARY, {}, spelling=spelling())
    assert form_of("alram", VOCABULARY) == "alram"
    typed, meant = maker.make("alram"), maker.make("alarm")
    assert (typed.id, typed.characters, typed.hash) == (meant.id, meant.characters, meant.hash)
    assert WordMaker(VOCABULARY, {}).make("alram").id != meant.id


def test_only_letters_and_their_marks_are_compared() -> None:
    assert is_compared("कार्यक्रम")
    assert not any(map(is_compared, ("abc", "o'clock", "a.m.", "4000", "<mail>", "a" * 25)))
