"""Written numbers say what they say in each language; what is no number is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyparse.corpora.noise.spoken_numbers import spoken_numbers
from polyparse.text.number_names import LAST, names
from polyparse.text.number_words import number_words
from polyparse.text.unit_names import NAMES
from polyparse.text.written_numbers import MOST, written_numbers
from tests.strategies import texts

WORDS = {"बजे", "मिनट", "pm", "second"}


def said(text: str, language: str) -> list[tuple[str, str]]:
    """What is written in the text, and the first way to say it."""
    parts = [part for parts in written_numbers(text, language, WORDS.__contains__) for part in parts]
    return [(text[part.start : part.end], " ".join(piece[0] for piece in part.pieces)) for part in parts]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "set 7:30pm", [("7:30pm", "seven thirty pm")]),
        ("en", "the 8 a.m. alarm", [("8", "eight"), ("a.m.", "am")]),
        ("en", "at 17:30", [("17:30", "five thirty pm")]),
        ("en", "at ７：３０ ｐｍ", [("７：３０", "seven thirty")]),
        ("en", "１５％ or 15٪", [("１５％", "fifteen percent"), ("15٪", "fifteen percent")]),
        ("en", "at 0:05", [("0:05", "twelve oh five am")]),
        ("en", "at 7:00 please", [("7:00", "seven")]),
        ("en", "on 12/24", [("12/24", "december twenty fourth")]),
        ("en", "on 24/12", [("24/12", "december twenty fourth")]),
        ("en", "may 5", [("5", "fifth")]),
        ("en", "the 5th", [("5th", "fifth")]),
        ("en", "the 22nd", [("22nd", "twenty second")]),
        ("en", "what's 7+5", [("7", "seven"), ("+", "plus"), ("5", "five")]),
        ("en", "9 x 9", [("9", "nine"), ("x", "times"), ("9", "nine")]),
        ("en", "9 - 3", [("9", "nine"), ("-", "minus"), ("3", "three")]),
        ("en", "15% of 80", [("15%", "fifteen percent"), ("80", "eighty")]),
        ("en", "$1 or US$ 20", [("$1", "one dollar"), ("US$ 20", "twenty dollars")]),
        ("en", "50 usd", [("50", "fifty"), ("usd", "dollars")]),
        ("en", "1,000 miles", [("1,000", "one thousand")]),
        ("en", "99.5 fm", [("99.5", "ninety nine point five")]),
        ("en", "10 min", [("10", "ten"), ("min", "minutes")]),
        ("en", "30second", [("30second", "thirty second")]),
        ("es", "a las 7:30", [("7:30", "siete y media")]),
        ("es", "19h", [("19h", "diecinueve horas")]),
        ("es", "a la 1", [("1", "una")]),
        ("es", "24/12/2026", [("24/12/2026", "veinticuatro de diciembre de dos mil veintiséis")]),
        ("es", "el 1 de mayo", [("1", "primero")]),
        ("es", "21ºC", [("21ºC", "veintiuno grados centígrados")]),
        ("es", "1º de mayo", [("1º", "primero")]),
        ("es", "1.000 €", [("1.000", "mil"), ("€", "euros")]),
        ("it", "alle 19h30", [("19h30", "diciannove e mezza")]),
        ("it", "alle 7,30", [("7,30", "sette e mezza")]),
        ("it", "all'1", [("1", "una")]),
        ("it", "le 7 e mezza", [("7", "sette")]),
        ("it", "il 23/4", [("23/4", "ventitré aprile")]),
        ("hi", "7बजे", [("7बजे", "सात बजे")]),
        ("hi", "७ बजे", [("७", "सात")]),
        ("hi", "७:३० बजे", [("७:३०", "साढ़े सात")]),
        ("hi", "7:45 बजे", [("7:45", "पौने आठ")]),
        ("hi", "1:00बजे", [("1:00बजे", "एक बजे")]),
        ("hi", "5वीं तारीख", [("5वीं", "पांचवीं")]),
        ("hi", "8 pm", [("8", "आठ"), ("pm", "पी . एम .")]),
        ("hi", "8 एएम", [("8", "आठ"), ("एएम", "ए . एम .")]),
        ("hi", "₹50", [("₹50", "पचास रुपये")]),
    ],
)
def test_what_is_written_is_said_in_the_language(
    language: str, text: str, expected: list[tuple[str, str]]
) -> None:
    assert said(text, language) == expected


@pytest.mark.parametrize(
    "text", ["mp3 b2b", "4k 90s", "7:30:15", "1.2.3.4", "123456789", "00000", "13579", "1ª2", ".5"]
)
def test_what_is_no_number_that_is_said_is_left_alone(text: str) -> None:
    for language in NAMES:
        assert said(text, language) == []


def test_a_long_text_of_numbers_is_read_as_far_as_someone_may_say_it() -> None:
    assert len(said("7 " * 10 * MOST, "en")) == MOST


def test_a_language_without_words_has_no_numbers() -> None:
    assert said("7 Uhr", "de") == []


@pytest.mark.parametrize("language", sorted(NAMES))
def test_another_table_of_numbers_reads_what_is_said(language: str) -> None:
    """The table of the noise, made apart from this one, is the oracle."""
    for number in (*range(100), *range(100, 1000, 37), 1000, 2017):
        for option in number_words(str(number), language):
            digits = [spoken.digits for spoken in spoken_numbers(option, language)]
            assert digits in ([str(number)], [f"{number // 100}", f"{number % 100}"]), option


@pytest.mark.parametrize("language", sorted(NAMES))
def test_every_number_that_is_read_has_a_name(language: str) -> None:
    for number in (*range(9999), *range(10_000, LAST, 100)):
        assert number_words(str(number), language) == tuple(names(number, language)) != ()


@given(texts, st.sampled_from(sorted(NAMES)))
def test_parts_follow_each_other_and_each_says_something(text: str, language: str) -> None:
    end = 0
    for parts in written_numbers(text, language, lambda word: True):
        for part in parts:
            assert end <= part.start < part.end <= len(text)
            assert all(option.split() for piece in part.pieces for option in piece)
            assert all(part.pieces)
            end = part.end


@given(st.text(alphabet="0123456789७.,:/-+x hpam%°€$thबजे", max_size=24), st.sampled_from(sorted(NAMES)))
def test_whatever_is_made_of_digits_and_signs_is_read_without_an_error(text: str, language: str) -> None:
    test_parts_follow_each_other_and_each_says_something.hypothesis.inner_test(text, language)  # type: ignore[attr-defined]
