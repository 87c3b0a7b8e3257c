"""Names of numbers: each number has some, none names two, and other libraries use the same."""

from __future__ import annotations

import pytest

from polyparse.corpora.augmentation.number_names import LAST, named_numbers
from polyparse.corpora.noise.spoken_numbers import spoken_numbers
from polyparse.text.number_names import WORDS, names

LANGUAGES = ("en", "es", "it", "hi")


def found(text: str, language: str) -> list[str]:
    return [number.digits for number in named_numbers(text, language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_is_found_by_each_of_its_names(language: str) -> None:
    for number in (*range(301), *range(900, 1100), *range(1890, LAST + 1)):
        assert {tuple(found(name, language)) for name in names(number, language)} == {(str(number),)}, number


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_that_the_noise_has_reads_the_same_numbers(language: str) -> None:
    """They are apart, and each is the other's oracle; only years by hundreds are read as two numbers there."""
    for number in (*range(301), *range(900, 1100), 2017):
        for name in names(number, language):
            digits = [spoken.digits for spoken in spoken_numbers(name, language)]
            assert digits in ([str(number)], [f"{number // 100}", f"{number % 100}"]), name


@pytest.mark.parametrize(("language", "count"), [("en", 20), ("es", 30), ("it", 20), ("hi", 100)])
def test_small_numbers_are_as_many_as_have_words_of_their_own(language: str, count: int) -> None:
    assert set(WORDS) == set(LANGUAGES)
    assert len(WORDS[language]["small"]) == count


@pytest.mark.needs_tools("num2words")
@pytest.mark.parametrize("language", ["en", "es", "it"])
def test_num2words_says_one_of_the_names(language: str) -> None:
    from num2words import num2words  # noqa: PLC0415

    for number in (*range(101), 999, 2017):
        assert num2words(number, lang=language).replace("-", " ").replace(",", "") in names(number, language)


@pytest.mark.needs_tools("indic_itn")
def test_indic_itn_reads_hindi_names_as_the_same_numbers() -> None:
    from indic_itn import load_hindi_resource  # noqa: PLC0415

    table = load_hindi_resource("numbers")
    values = {
        word: value for kind in table.values() if isinstance(kind, dict) for word, value in kind.items()
    }
    known = [(name, number) for number in range(100) for name in names(number, "hi") if name in values]
    assert len({number for _, number in known}) > 90
    assert [(name, values[name]) for name, _ in known] == known
