"""Numbers, times, dates, sums and measures as they are written in a text, and how each is said in a language.

    7:30pm      seven thirty p . m .           5th      fifth
    12/24       december twenty fourth         $10      ten dollars
    7 + 5       seven | plus | five            7बजे     सात बजे

What is written without a blank between is one part: its words share a place in the text, as no slot begins or ends inside.
An expression that says no time, date or number here is left as it is written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from polyparse.text.number_names import LAST, WORDS, names
from polyparse.text.unit_names import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Piece = tuple[str, ...]
"""The ways to say a thing, each some words with a blank between."""


class SaidPart(NamedTuple):
    """The code points `[start, end)` of a text, and what they say: its pieces one after the other.

    `is_sign` is of a sign such as "x" or "h", which means something else where it does not stand beside a number.
    """

    start: int
    end: int
    pieces: tuple[Piece, ...]
    is_sign: bool = False


def written_numbers(text: str, language: str, knows: Callable[[str], bool]) -> Iterator[tuple[SaidPart, ...]]:
    """The expressions of a text in their order, each as its parts; none in a language without words here.

    Letters that are glued to a number are words of their own where one `knows` them.
    """
    if language not in NAMES:
        return
    text, at = text.translate(_DIGITS), 0
    while found := _START.search(text, at):
        start = found.start()
        parts = next(filter(None, (read(text, start, language, knows) for read in _READINGS)), ())
        if parts:
            yield parts
        at = parts[-1].end if parts else found.end()
        if parts and (sign := _SIGN.match(text, at)):
            group = sign.lastindex or 1
            said = NAMES[language].sums[_SUMS.get(sign[group], sign[group])]
            yield (SaidPart(*sign.span(group), (_piece(said),), is_sign=True),)


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
        options += [_piece(NAMES[language].point), _integer(decimals[0], language)]
    return tuple(map(" ".join, product(*options)))


_DIGITS = str.maketrans("०१२३४५६७८९０１２３４５６７８９", "0123456789" * 2)
_NUMBER = r"\d+(?:[.,]\d+)*"
_MONEY = "[$€£₹]"
_END = r"(?![\w\u0300-\u036f\u0900-\u0963\u0970-\u097f]|[.,:]\d)"  # Vowel signs are no letters to `re`.
_START = re.compile(rf"(?<![\w.,:])(?:us)?(?:{_MONEY}\s?)?\d[\d.,:]*", re.IGNORECASE)
_SIGN = re.compile(r"(?:\s?([+×*÷])\s?|(x)|\s([x/−-])\s)(?=\d)")
_SUMS = {"×": "x", "*": "x", "÷": "/", "−": "-"}
_DATE = re.compile(
    rf"(?:(?P<year>\d{{4}})([-/.])(?P<month>\d\d?)\2(?P<day>\d\d?)"
    rf"|(?P<first>\d\d?)(?:/(?P<second>\d\d?)(?:/(?P<of>\d{{4}}|\d\d))?|([-.])(?P<then>\d\d?)\8(?P<in>\d{{4}}))){_END}(?!/\d)"
)
_CLOCK = re.compile(
    rf"(?P<hour>\d\d?)(?:(?P<mark>[:.,h])(?P<minute>[0-5]\d))?(?:(?P<gap>\s?)(?P<half>[ap]|पी|[एऐ])\.?\s?(?:m|एम)(?:\.|{_END}))?{_END}(?!\s?[%°]|\s?{_MONEY})",
    re.IGNORECASE,
)
_HALVES = {"पी": "p", "ए": "a", "ऐ": "a"}
_AMOUNT = re.compile(rf"(?:us)?(?P<sign>{_MONEY})\s?(?P<number>{_NUMBER}){_END}", re.IGNORECASE)
_GLUED = re.compile(
    rf"(?:(?P<hour>\d\d?)[:.](?P<minute>[0-5]\d)|(?P<number>{_NUMBER}))(?P<word>[^\W\d_](?:[^\W\d_]|[\u0900-\u0963])*){_END}"
)
_PLAIN = re.compile(rf"(?P<number>{_NUMBER}){_END}")


def _date(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """12/24, 24.12.2026, 2026-12-24: the day and the month in the language's order, in the other one if only that can be."""
    match = _DATE.match(text, at)
    if match is None:
        return ()
    year = match["year"] or match["of"] or match["in"]
    month, day = match["month"] or match["first"], match["day"] or match["second"] or match["then"]
    if match["first"] and (not NAMES[language].month_first or int(month) > _MONTHS):
        month, day = day, month
    if not (0 < int(month) <= _MONTHS and 0 < int(day) <= _LAST_DAY):
        return ()
    pieces = list(_day_and_month(int(day), int(month), language))
    if year:
        pieces += [*_of(language), number_words(year if len(year) > 2 else f"20{year}", language)]
    return (SaidPart(*match.span(), tuple(pieces)),)


def _clock(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7:30, 7.30, 19h30, 7pm, 7:30 a.m."""
    match = _CLOCK.match(text, at)
    if match is None or int(match["hour"]) >= _HOURS or not (match["minute"] or match["half"]):
        return ()
    if match["mark"] == NAMES[language].thousands == ",":
        return ()
    hour, half = int(match["hour"]), _HALVES.get(match["half"], (match["half"] or "").lower())
    half_days = NAMES[language].half_days
    if not half and NAMES[language].month_first and not 0 < hour < _NOON:  # where clocks have twelve hours
        half, hour = "ap"[hour >= _NOON], hour % _NOON or _NOON
        return (SaidPart(*match.span(), (_time(hour, match["minute"], language), _piece(half_days[half]))),)
    time = _time(hour, match["minute"], language)
    if not half:
        return (SaidPart(*match.span(), (time,)),)
    return _with_unit(match, match.start("half"), (time,), _piece(half_days[half]))


def _amount(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """$10, € 5."""
    match = _AMOUNT.match(text, at)
    if match is None or not (number := number_words(match["number"], language)):
        return ()
    return (SaidPart(*match.span(), (number, _unit(match["number"], match["sign"], language))),)


def _ordinal(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """5th, 1º, 5वें."""
    match = _patterns(language)[0].match(text, at)
    if match is None or not (said := _ordinal_words(int(match[1]), language, match[2])):
        return ()
    return (SaidPart(*match.span(), (said,)),)


def _measure(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """50%, 20 °C, 15min, 5€."""
    match = _patterns(language)[1].match(text, at)
    if match is None or not (number := number_words(match["number"], language)):
        return ()
    return _with_unit(match, match.start("sign"), (number,), _unit(match["number"], match["sign"], language))


def _glued(text: str, at: int, language: str, knows: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7बजे, 1:00बजे."""
    match = _GLUED.match(text, at)
    if match is None or not knows(match["word"]):
        return ()
    if match["number"]:
        said = number_words(match["number"], language)
    else:
        said = _time(int(match["hour"]), match["minute"], language)
    return (SaidPart(*match.span(), (said, (match["word"],))),) if said else ()


def _plain(text: str, at: int, language: str, _: Callable[[str], bool]) -> tuple[SaidPart, ...]:
    """7, 1,000, 99.5; the first day of a month as an ordinal, and every day where that is how dates are said."""
    match = _PLAIN.match(text, at)
    if match is None:
        return ()
    said = number_words(match["number"], language)
    is_first = match["number"] == "1"
    may_be_ordinal = is_first or (NAMES[language].month_first and match["number"].isdigit())
    if may_be_ordinal and _is_day(text, *match.span(), language):
        ordinal = _ordinal_words(int(match["number"]), language, "") or said
        said = ordinal if NAMES[language].month_first else ordinal + said
    elif is_first and _is_hour(text, at, language):
        said = _hour(1, language)
    return (SaidPart(*match.span(), (said,)),) if said else ()


_READINGS = (_date, _clock, _amount, _ordinal, _measure, _glued, _plain)
"""In the order in which they are tried."""
_HOURS, _NOON, _TEN = 25, 12, 10
_MONTHS, _LAST_DAY = 12, 31
_LONGEST = 4
"""Digits of a number that are said one by one, or up to the last one."""


def _with_unit(
    match: re.Match[str], unit_start: int, number: tuple[Piece, ...], unit: Piece
) -> tuple[SaidPart, ...]:
    """A number and its unit: one part where no blank stands between."""
    if not match["gap"]:
        return (SaidPart(*match.span(), (*number, unit)),)
    return SaidPart(match.start(), match.start("gap"), number), SaidPart(
        unit_start, match.end(), (unit,), is_sign=True
    )


@lru_cache(maxsize=len(NAMES))
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of ordinals, and of numbers with a unit."""
    signs = "|".join(sorted(map(re.escape, NAMES[language].units), key=len, reverse=True))
    return (
        re.compile(rf"(\d+)({NAMES[language].ordinal_marks}){_END}", re.IGNORECASE),
        re.compile(rf"(?P<number>{_NUMBER})(?P<gap>\s?)(?P<sign>{signs}){_END}", re.IGNORECASE),
    )


def _piece(said: str) -> Piece:
    return tuple(said.split("/"))


def _of(language: str) -> tuple[Piece, ...]:
    return ((NAMES[language].of,),) if NAMES[language].of else ()


def _unit(number: str, sign: str, language: str) -> Piece:
    one, several = NAMES[language].units[sign.lower()]
    return _piece(one if number.isdigit() and int(number) == 1 else several)


def _integer(digits: str, language: str) -> Piece:
    if len(digits) > 1 and int(digits[0]) == 0:
        if len(digits) > _LONGEST:
            return ()
        return tuple(map(" ".join, product(*(names(int(digit), language) for digit in digits))))
    value = int(digits) if len(digits) <= len(str(LAST)) else LAST + 1
    is_short = len(digits) <= _LONGEST or value % 100 == 0
    return tuple(names(value, language)) if value <= LAST and is_short else ()


def _ordinal_words(value: int, language: str, mark: str) -> Piece:
    """An ordinal's words, those that end with its mark if any do; for want of a word, those of the number."""
    ordinals, glues = WORDS[language]["places"], NAMES[language].glues_marks
    if 0 < value <= len(ordinals):
        options = tuple(ordinals[value - 1])
        return tuple(option for option in options if option.endswith(mark)) or options
    numbers = number_words(str(value), language)
    return tuple(f"{number}{mark}" for number in numbers) if glues else numbers


def _day_and_month(day: int, month: int, language: str) -> tuple[Piece, ...]:
    name = tuple(WORDS[language]["months"][month - 1])
    if NAMES[language].month_first:
        return name, _ordinal_words(day, language, "")
    return number_words(str(day), language), *_of(language), name


def _time(hour: int, minute: str | None, language: str) -> Piece:
    unit_names, minutes = NAMES[language], int(minute or "0")
    hours = _hour(hour, language)
    said = unit_names.quarters.get(minutes, unit_names.clock)
    of_minutes = names(minutes, language)
    if minutes < _TEN and unit_names.oh:
        of_minutes = [f"{oh} {name}" for oh in _piece(unit_names.oh) for name in of_minutes]
    return tuple(
        dict.fromkeys(
            option.format(hour=at, next=after, minute=of_minute)
            for option in _piece(said)
            for at, after, of_minute in product(hours, _hour(hour % _NOON + 1, language), of_minutes)
        )
    )


def _hour(hour: int, language: str) -> Piece:
    return _piece(NAMES[language].one_o_clock) if hour == 1 else tuple(names(hour, language))


def _is_day(text: str, start: int, end: int, language: str) -> bool:
    months = "|".join(name for names_ in WORDS[language]["months"] for name in names_)
    before = re.search(rf"\b(?:{months})\s+(?:the\s+)?$", text[max(0, start - 20) : start], re.IGNORECASE)
    return bool(
        before or re.match(rf"\s+(?:of\s+|de\s+)?(?:{months}){_END}", text[end : end + 20], re.IGNORECASE)
    )


def _is_hour(text: str, at: int, language: str) -> bool:
    articles = NAMES[language].hour_articles
    return bool(articles) and re.search(f"{articles}$", text[max(0, at - 8) : at], re.IGNORECASE) is not None
