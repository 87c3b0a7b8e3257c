"""The ways to say numbers, ordinals, times of day, dates and units, in each language."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

from polyparse.text.number_names import LAST, WORDS, names
from polyparse.text.unit_names import NAMES

Piece = tuple[str, ...]
"""The ways to say a thing, each some words with a blank between."""


@lru_cache(maxsize=4096)
def number_words(digits: str, language: str) -> Piece:
    """The ways to say a number as it is written, with decimals or marks between thousands; none where it is too long."""
    thousands = NAMES[language].thousands
    if re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})+", digits):
        digits = digits.replace(thousands, "")
    whole, *decimals = re.split("[.,]", digits)
    if len(decimals) > 1 or not all(map(str.isdigit, (whole, *decimals))):
        return ()
    options = [_integer(whole, language)]
    if decimals:
        options += [ways(NAMES[language].point), _integer(decimals[0], language)]
    return tuple(map(" ".join, product(*options)))


def ordinal_words(value: int, language: str, mark: str) -> Piece:
    """An ordinal's words, those that end with its mark if any do; for want of a word, those of the number."""
    ordinals, glues = WORDS[language]["places"], NAMES[language].glues_marks
    if 0 < value <= len(ordinals):
        options = tuple(ordinals[value - 1])
        return tuple(option for option in options if option.endswith(mark)) or options
    numbers = number_words(str(value), language)
    return tuple(f"{number}{mark}" for number in numbers) if glues else numbers


@lru_cache(maxsize=4096)
def time_words(hour: int, minute: str | None, language: str) -> Piece:
    """The ways to say a time of day, the minutes of which may be none."""
    unit_names, minutes = NAMES[language], int(minute or "0")
    hours = hour_words(hour, language)
    said = unit_names.quarters.get(minutes, unit_names.clock)
    of_minutes = names(minutes, language)
    if minutes < _TEN and unit_names.oh:
        of_minutes = [f"{oh} {name}" for oh in ways(unit_names.oh) for name in of_minutes]
    return tuple(
        dict.fromkeys(
            option.format(hour=at, next=after, minute=of_minute)
            for option in ways(said)
            for at, after, of_minute in product(hours, hour_words(hour % _NOON + 1, language), of_minutes)
        )
    )


def hour_words(hour: int, language: str) -> Piece:
    """The ways to say an hour."""
    return ways(NAMES[language].one_o_clock) if hour == 1 else tuple(names(hour, language))


def day_and_month(day: int, month: int, language: str) -> tuple[Piece, ...]:
    """What is said of a date without its year."""
    name = tuple(WORDS[language]["months"][month - 1])
    if NAMES[language].month_first:
        return name, ordinal_words(day, language, "")
    return number_words(str(day), language), *of_month(language), name


def of_month(language: str) -> tuple[Piece, ...]:
    """What is said between a day and its month, or a month and its year."""
    return ((NAMES[language].of,),) if NAMES[language].of else ()


def unit_words(number: str, sign: str, language: str) -> Piece:
    """The ways to say a unit by its sign, after a number as it is written."""
    one, several = NAMES[language].units[sign.lower()]
    return ways(one if number.isdigit() and int(number) == 1 else several)


def ways(said: str) -> Piece:
    """The ways between which `/` stands."""
    return tuple(said.split("/"))


def _integer(digits: str, language: str) -> Piece:
    if len(digits) > 1 and int(digits[0]) == 0:
        if len(digits) > _LONGEST:
            return ()
        return tuple(map(" ".join, product(*(names(int(digit), language) for digit in digits))))
    value = int(digits) if len(digits) <= len(str(LAST)) else LAST + 1
    is_short = len(digits) <= _LONGEST or value % 100 == 0
    return tuple(names(value, language)) if value <= LAST and is_short else ()


_NOON, _TEN = 12, 10
_LONGEST = 4
"""Digits of a number that are said one by one, or up to the last one."""
