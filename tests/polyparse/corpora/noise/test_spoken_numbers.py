"""Numbers in words: each is read as people say it, and as other libraries read it."""

from __future__ import annotations

import pytest

from polyparse.corpora.noise.spoken_numbers import LANGUAGES, SpokenNumber, spoken_numbers

READ = """
en five thirty pm | 5 30
en the twenty second of may two thousand and seventeen | 22. 2017
en twenty seventeen | 20 17
en six hundred and forty five | 645
en six and nine | 6 9
en ninety three point five | 93.5
en point five | 5
en nineteen hundred | 1900
en three hundred thousand | 300000
en one hundred and two point four | 102.4
en forty-two | 42
en twenty, two | 20 2
en a hundred hundred |
en twenty twenty | 20 20
en thirteenth | 13.
es veinte y siete de junio a las cinco y media | 27 5
es seis y cuarenta y cinco | 6 45
es dos mil diecisiete | 2017
es novecientos noventa y siete | 997
es treinta y dos mil | 32000
es ciento dos punto cuatro | 102.4
es mil novecientos | 1900
es cuarto |
it l'una e trenta | 1 30
it duemiladiciassette | 2017
it millenovecentonovantotto | 1998
it centodue punto cinque | 102.5
it ventuno ventitré trentotto | 21 23 38
it trecentosettanta | 370
it milano ventola |
hi दो हज़ार सत्रह | 2017
hi नौ सौ सत्तानबे | 997
hi एक सौ दो दशमलव चार | 102.4
hi साढ़े पाँच बजे | 5
hi बाइसवां पहली | 22. 1.
hi सौ हजार दो सौ सत्रह | 100217
hi दस बारह | 10 12
de fünf |
"""
"""A language, a text | its numbers, an ordinal with a dot."""
CASES = [tuple(part.strip() for part in line.split("|")) for line in READ.strip().splitlines()]


def said(number: SpokenNumber) -> str:
    return number.digits + ("." if number.is_ordinal else "")


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_number_is_read(text: str, expected: str) -> None:
    language, _, words = text.partition(" ")
    assert " ".join(said(number) for number in spoken_numbers(words, language)) == expected


def test_a_number_has_its_place_its_unit_and_whether_its_word_may_mean_something_else() -> None:
    one, first, six = spoken_numbers("one hour at twenty first then six minutes", "en")
    assert (one.start, one.end, one.unit, one.is_ambiguous) == (0, 3, "hour", True)
    assert (first.start, first.end, first.digits, first.is_ambiguous) == (12, 24, "21", False)
    assert (six.unit, six.is_ambiguous) == ("minutes", False)
    (give,) = spoken_numbers("बता दो", "hi")
    assert give.is_ambiguous


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_up_to_99_has_a_word_or_is_made_of_two(language: str) -> None:
    joint = {"es": " y ", "it": ""}.get(language, " ")
    words = {number: word for word, number in whole_words(language)}
    for value in range(100):
        composed = (
            f"{words[value // 10 * 10]}{joint}{words[value % 10]}" if value not in words else words[value]
        )
        assert [number.digits for number in spoken_numbers(composed, language)] == [str(value)], composed


def whole_words(language: str) -> list[tuple[str, int]]:
    """The words of the table that are one number each, the last of a value first."""
    from polyparse.corpora.noise.spoken_numbers import _table  # noqa: PLC0415

    return [(word, value) for word, value in _table(language).cardinals.items() if value < 100]


@pytest.mark.needs_tools("num2words")
@pytest.mark.parametrize("language", ["en", "es", "it"])
def test_numbers_as_num2words_says_them_are_read(language: str) -> None:
    from num2words import num2words  # noqa: PLC0415

    values = [*range(1200), 1998, 2017, 2026, 32000, 100217]
    for value in values:
        if language == "it" and value > 100 and value % 100 == 18:
            continue  # it writes "centodicotto" for centodiciotto
        text = num2words(value, lang=language).replace(",", "")
        assert [number.digits for number in spoken_numbers(text, language)] == [str(value)], text


@pytest.mark.needs_tools("text_to_num")
@pytest.mark.parametrize("language", ["en", "es", "it"])
def test_text2num_reads_the_same(language: str) -> None:
    from text_to_num import alpha2digit  # noqa: PLC0415

    for text, expected in CASES:
        own, _, words = text.partition(" ")
        number = expected.rstrip(".")
        if own == language and number.isdigit() and len(words.split()) > 1 and "y siete" not in words:
            assert number in alpha2digit(words.replace(",", ""), language), words
